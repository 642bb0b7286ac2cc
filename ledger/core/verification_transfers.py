"""The audit of transfers, whose halves lie in different wallets and perhaps in different shards."""

from collections.abc import Iterator

from ledger.core.decider import Event
from ledger.core.findings import Finding
from ledger.core.flows.transfer import TransferCompleted, TransferReceived, TransferSent
from ledger.core.wallet import Transfer


class TransferAudit:
    """Follows the events of all shards, then reports halves of transfers that do not match."""

    def __init__(self) -> None:
        self._sent: dict[str, Transfer] = {}
        self._received: dict[str, Transfer] = {}
        self._completed: dict[str, None] = {}
        self._twice: list[str] = []

    def follow(self, event: Event) -> None:
        """Note the next event, if it is one of a transfer."""
        match event:
            case TransferSent(transfer=transfer):
                self._sent[transfer.transfer_id] = transfer
            case TransferReceived(transfer=transfer):
                if transfer.transfer_id in self._received:
                    self._twice.append(transfer.transfer_id)
                self._received[transfer.transfer_id] = transfer
            case TransferCompleted(transfer=transfer):
                self._completed[transfer.transfer_id] = None
            case _:
                pass

    def check(self, in_transit_fen: int) -> Iterator[Finding]:
        """Compare the halves, and the credit balance that the in-transit account has."""
        for transfer_id in self._twice:
            yield Finding("transfer", transfer_id, "was received more than once")
        for transfer_id, transfer in self._received.items():
            if self._sent.get(transfer_id) != transfer:
                yield Finding("transfer", transfer_id, "was received, but was not sent so")
        for transfer_id in self._completed:
            if transfer_id not in self._received:
                yield Finding("transfer", transfer_id, "was completed, but never received")
        open_fen = sum(
            transfer.share_fen
            for transfer_id, transfer in self._sent.items()
            if transfer_id not in self._received
        )
        if open_fen != in_transit_fen:
            yield Finding(
                "transfer", "in transit", f"open are {open_fen} fen, booked are {in_transit_fen}"
            )
