"""The decider: every command, every event, and the pure functions over them.

`decide(state, command, terms, stamp) -> events | Rejection` and `evolve(wallet, event) -> wallet`:
the same functions serve live traffic, replay and verification.
"""

from collections.abc import Mapping
from typing import TypeVar, assert_never

from msgspec import Struct

from ledger.core import gate
from ledger.core.flows import (
    adjustment,
    closure,
    control,
    conversion,
    daily_grant,
    debit,
    due,
    grant,
    hold,
    membership,
    opening,
    order,
    order_refund,
    refund,
    reversal,
    transfer,
)
from ledger.core.flows.daily_grant import AlreadyTaken
from ledger.core.purchases import Order
from ledger.core.rejections import Rejection, first_of
from ledger.core.terms import Stamp, Terms
from ledger.core.wallet import Charge, ClosedHold, Document, OrderRefund, Wallet

Command = (
    debit.Command
    | hold.Command
    | refund.Command
    | grant.Command
    | daily_grant.Command
    | order.Command
    | order_refund.Command
    | reversal.Command
    | membership.Command
    | conversion.Command
    | transfer.Command
    | control.Command
    | closure.Command
    | opening.Command
    | adjustment.Command
    | due.Command
)
"""Every command. As class attributes, and none by default, each says of itself:

- `gates`: what it is refused for by what its wallet is, whatever its flow says;
- `refusals`: what its flow refuses it for, in order of precedence;
- `draws_id`: whether what it brings about may be named by the fresh id drawn for it;
- `free_text`: the field, if any, that people fill in; the log keeps a salted digest of it;
- `documents`: the fields that name documents, which are loaded before it is decided.
"""

Event = (
    debit.Event
    | hold.Event
    | due.Event
    | grant.Event
    | daily_grant.Event
    | refund.Event
    | order.Event
    | membership.Event
    | order_refund.Event
    | reversal.Event
    | conversion.Event
    | transfer.Event
    | control.Event
    | closure.Event
    | opening.Event
    | adjustment.Event
)

_Document = TypeVar("_Document", bound=Document)

DocumentRef = tuple[str, str]
"""(kind, id): `hold`, `charge`, `order`, `refund` or `transfer`, within one wallet."""

Decision = tuple[Event, ...] | AlreadyTaken | Rejection


class State(Struct, frozen=True):
    """What a decision looks at: the wallet, dues applied, and the documents it named."""

    wallet: Wallet
    documents: Mapping[DocumentRef, Document]


def refs_of(command: Command) -> tuple[DocumentRef, ...]:
    """The documents that a command names, to be loaded before it is decided."""
    refs: tuple[DocumentRef, ...] = ()
    for field in command.documents:
        name = getattr(command, field)
        if name is not None:
            refs += ((field.removesuffix("_id"), name),)
    return refs


def decide(state: State, command: Command, terms: Terms, stamp: Stamp) -> Decision:
    """What a command brings about; `state.wallet` has had its dues applied.

    No event at all says that the command was there for the dues alone.
    """
    refusal = gate.refusal_of(state.wallet, command, terms)
    decision = _decide_in_flow(state, command, terms, stamp)
    if refusal is None:
        return decision
    # What is wrong with the request itself goes before what its wallet is.
    return first_of(refusal, decision) if isinstance(decision, Rejection) else refusal


def _decide_in_flow(  # noqa: PLR0912 - one branch a flow
    state: State, command: Command, terms: Terms, stamp: Stamp
) -> Decision:
    """The most frequent are asked for first."""
    wallet = state.wallet
    if isinstance(command, debit.Command):
        return debit.decide(wallet, command, terms, stamp)
    if isinstance(command, hold.Command):
        closed = _named(state, command, ClosedHold)
        return hold.decide(wallet, closed, command, terms, stamp)
    if isinstance(command, refund.Command):
        return refund.decide(wallet, _named(state, command, Charge), command, stamp)
    if isinstance(command, grant.Command):
        return grant.decide(wallet, command, terms, stamp)
    if isinstance(command, daily_grant.Command):
        return daily_grant.decide(wallet, command, terms, stamp)
    if isinstance(command, order.Command):
        return order.decide(wallet, _named(state, command, Order), command, terms, stamp)
    if isinstance(command, order_refund.Command):
        concerned = _named(state, command, Order)
        resolved = _named(state, command, OrderRefund)
        return order_refund.decide(wallet, concerned, resolved, command, terms, stamp)
    if isinstance(command, reversal.Command):
        return reversal.decide(wallet, _named(state, command, Order), command, stamp)
    if isinstance(command, membership.Command):
        return membership.decide(wallet, command)
    if isinstance(command, conversion.Command):
        return conversion.decide(wallet, command, terms, stamp)
    if isinstance(command, transfer.Command):
        return transfer.decide(wallet, command, terms, stamp)
    if isinstance(command, control.Command):
        return control.decide(command, terms)
    if isinstance(command, closure.Command):
        return closure.decide(wallet, command, stamp)
    if isinstance(command, opening.Command):
        return opening.decide(wallet, command, terms, stamp)
    if isinstance(command, adjustment.Command):
        return adjustment.decide(wallet, command, terms, stamp)
    if isinstance(command, due.Command):
        return ()
    assert_never(command)


def _named(state: State, command: Command, kind: type[_Document]) -> _Document | None:
    """The document of a kind that a command names, if there is one."""
    documents = state.documents
    if documents:
        for ref in refs_of(command):
            document = documents.get(ref)
            if isinstance(document, kind):
                return document
    return None


def evolve(wallet: Wallet, event: Event) -> Wallet:  # noqa: PLR0912 - one branch a flow
    """The wallet after the event; the most frequent are asked for first."""
    if isinstance(event, debit.Event):
        return debit.evolve(wallet, event)
    if isinstance(event, hold.Event):
        return hold.evolve(wallet, event)
    if isinstance(event, due.Event):
        return due.evolve(wallet, event)
    if isinstance(event, grant.Event):
        return grant.evolve(wallet, event)
    if isinstance(event, daily_grant.Event):
        return daily_grant.evolve(wallet, event)
    if isinstance(event, refund.Event):
        return refund.evolve(wallet, event)
    if isinstance(event, order.Event):
        return order.evolve(wallet, event)
    if isinstance(event, membership.Event):
        return membership.evolve(wallet, event)
    if isinstance(event, order_refund.Event):
        return order_refund.evolve(wallet, event)
    if isinstance(event, reversal.Event):
        return reversal.evolve(wallet, event)
    if isinstance(event, conversion.Event):
        return conversion.evolve(wallet, event)
    if isinstance(event, transfer.Event):
        return transfer.evolve(wallet, event)
    if isinstance(event, control.Event):
        return control.evolve(wallet, event)
    if isinstance(event, closure.Event):
        return closure.evolve(wallet, event)
    if isinstance(event, opening.Event):
        return opening.evolve(wallet, event)
    if isinstance(event, adjustment.Event):
        return adjustment.evolve(wallet, event)
    assert_never(event)


_Charging = debit.Event | hold.HoldCaptured


def charge_of(event: Event) -> Charge | None:
    """The charge that an event made, as it was before any refund."""
    return event.charge if isinstance(event, _Charging) else None
