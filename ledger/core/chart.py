"""The chart of accounts: a number for the wire, a path for people, a general-ledger code.

Numbers are stored in the log and never change their meaning; paths and codes are presentation.
"""

from typing import Final, Literal, get_args

from msgspec import Struct

Source = Literal["purchased", "membership", "daily", "promotional", "compensation", "conversion"]
"""Where a lot came from. Points are kept in accounts of their own by source."""

PointState = Literal[
    "issued",
    "available",
    "held",
    "refunding",
    "consumed",
    "expired",
    "converted",
    "refunded",
    "adjusted",
]
"""What became of points. `issued` is the debit side; the others are where the points are now."""

SOURCES: Final[tuple[Source, ...]] = get_args(Source)
POINT_STATES: Final[tuple[PointState, ...]] = get_args(PointState)

BANK: Final = 1
FUNDS_SANDBOX: Final = 2
FUNDS_WECHAT: Final = 3
FUNDS_ALIPAY: Final = 4
RECEIVABLE_APPLE: Final = 5
LIABILITY_INSPIRATION: Final = 10
LIABILITY_KUAIBI: Final = 11
LIABILITY_MEMBERSHIP: Final = 12
VAT_PAYABLE: Final = 20
VAT_PENDING: Final = 21
TAX_WITHHELD: Final = 22
CREATORS_PAYABLE: Final = 30
REFUNDS_PAYABLE: Final = 31
REVENUE_GENERATION: Final = 40
REVENUE_MEMBERSHIP: Final = 41
REVENUE_TIPS: Final = 42
REVENUE_BREAKAGE: Final = 43
SUSPENSE: Final = 60
IN_TRANSIT: Final = 61
OPENING: Final = 62


class Account(Struct, frozen=True):
    """One account: its number in the log, its path, its general-ledger code and Chinese name."""

    number: int
    path: str
    code: str
    name: str


_MONEY: Final = (
    Account(BANK, "assets:bank", "1002", "银行存款"),
    Account(FUNDS_SANDBOX, "assets:funds:sandbox", "1012.99", "其他货币资金-沙箱"),
    Account(FUNDS_WECHAT, "assets:funds:wechat", "1012.01", "其他货币资金-微信在途"),
    Account(FUNDS_ALIPAY, "assets:funds:alipay", "1012.02", "其他货币资金-支付宝在途"),
    Account(RECEIVABLE_APPLE, "assets:receivable:apple", "1122", "应收账款-Apple"),
    Account(
        LIABILITY_INSPIRATION, "liabilities:contract:inspiration", "2205.01", "合同负债-灵感值"
    ),
    Account(LIABILITY_KUAIBI, "liabilities:contract:kuaibi", "2205.02", "合同负债-快币"),
    Account(LIABILITY_MEMBERSHIP, "liabilities:contract:membership", "2205.03", "合同负债-会员"),
    Account(VAT_PAYABLE, "liabilities:vat:payable", "2221.01", "应交税费-应交增值税(销项)"),
    Account(VAT_PENDING, "liabilities:vat:pending", "2221.09", "应交税费-待转销项税额"),
    Account(TAX_WITHHELD, "liabilities:tax:withheld", "2221.12", "应交税费-代扣代缴个人所得税"),
    Account(CREATORS_PAYABLE, "liabilities:creators", "2241.01", "其他应付款-主播"),
    Account(REFUNDS_PAYABLE, "liabilities:refunds", "2241.02", "其他应付款-待退款"),
    Account(REVENUE_GENERATION, "revenue:generation", "6001.01", "主营业务收入-生成"),
    Account(REVENUE_MEMBERSHIP, "revenue:membership", "6001.02", "主营业务收入-会员"),
    Account(REVENUE_TIPS, "revenue:tips", "6001.03", "主营业务收入-打赏"),
    Account(REVENUE_BREAKAGE, "revenue:breakage", "6001.04", "主营业务收入-沉淀"),
    Account(SUSPENSE, "suspense", "1901", "待处理财产损溢"),
    Account(IN_TRANSIT, "in-transit", "3002", "清算资金往来-打赏在途"),
    Account(OPENING, "opening", "9900", "期初余额结转"),
)

_POINTS_BASE: Final = 100
_STATE_CODES: Final = {state: f"90{index:02d}" for index, state in enumerate(POINT_STATES, 1)}


def points_account(source: Source, state: PointState) -> int:
    """The account number of points of one source in one state (a memorandum account)."""
    return POINTS[state][source]


_POINTS_NUMBERS: Final[dict[tuple[Source, PointState], int]] = {
    (source, state): _POINTS_BASE + 10 * source_index + state_index
    for source_index, source in enumerate(SOURCES)
    for state_index, state in enumerate(POINT_STATES)
}

_POINTS: Final = tuple(
    Account(
        number,
        f"points:{state}:{source}",
        f"{_STATE_CODES[state]}.{SOURCES.index(source) + 1:02d}",
        f"表外-{state}-{source}",
    )
    for (source, state), number in _POINTS_NUMBERS.items()
)

POINTS: Final[dict[PointState, dict[Source, int]]] = {
    state: {source: _POINTS_NUMBERS[source, state] for source in SOURCES} for state in POINT_STATES
}
"""The same numbers by state, then source."""

ACCOUNTS: Final[dict[int, Account]] = {account.number: account for account in (*_MONEY, *_POINTS)}
"""Every account there is, by number. The database's `accounts` table equals it, by test."""
