"""Reports: what the books say, as data; `ledger/finance/` has what is computed of their rows."""

from ledger.core.instants import shanghai_day
from ledger.engine.clock import Clock
from ledger.engine.reading import Reading
from ledger.finance.trial_balance import TrialBalanceRow
from ledger.store import reads


class Reports:
    """The reports of one ledger, a method each. All raise Unavailable."""

    def __init__(self, reading: Reading, clock: Clock) -> None:
        self._reading, self._clock = reading, clock

    async def trial_balance(
        self, day: int | None = None, currency: int | None = None
    ) -> list[TrialBalanceRow]:
        """All accounts on a day (days since 1970-01-01; today in Shanghai by default).

        Of one currency, by its number in the log, or of all.
        """
        async with self._reading() as connection:
            if day is None:
                day = shanghai_day(await self._clock.read(connection))
            return await reads.load_trial_balance(connection, day, currency)
