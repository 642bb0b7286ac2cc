"""What an earlier system exports: small by hand, or many rows at random."""

import random
from collections.abc import Sequence
from pathlib import Path

HEADERS = {
    "lots.csv": "wallet_id,lot_id,currency,source,amount,granted_at,expires_at,paid,cost_cny,"
    "vat_cny,order_id",
    "claims.csv": "wallet_id,order_id,currency,open_cny,vat_cny",
    "payables.csv": "wallet_id,payable_cny",
}

_2099 = "2099-01-01T00:00:00+08:00"

LOTS = (
    "ann,A1,INSPIRATION,purchased,100,2024-01-01T00:00:00+08:00,,yes,10.00,0.57,O1",
    "bob,B1,INSPIRATION,daily,66,2024-03-01T08:00:00Z,2098-01-01T00:00:00+08:00,no,0,0,",
    f"ann,A2,INSPIRATION,membership,50.5,2024-02-01T12:00:00.25+08:00,{_2099},yes,5.05,0.29,O2",
    f"ann,A3,INSPIRATION,promotional,20.00,2024-03-01T00:00:00Z,{_2099},no,0,0,",
    "ann,A4,KUAIBI,purchased,30,2023-01-01T00:00:00Z,,yes,3,0.17,O4",
)
CLAIMS = ("bob,C9,INSPIRATION,7.00,0.40",)
PAYABLES = ("cyd,1", "bob,12.34")


def export(
    folder: Path,
    lots: Sequence[str] | None = None,
    claims: Sequence[str] | None = None,
    payables: Sequence[str] | None = None,
) -> Path:
    """Write the files that have rows into a folder, and return it."""
    folder.mkdir(exist_ok=True)
    rows = zip(HEADERS.items(), (lots, claims, payables), strict=True)
    for (name, header), given in rows:
        if given is not None:
            (folder / name).write_text("\n".join([header, *given]) + "\n")
    return folder


def export_small(folder: Path) -> Path:
    """Three wallets with a bit of everything."""
    return export(folder, LOTS, CLAIMS, PAYABLES)


def export_many(folder: Path, wallets: int, seed: int) -> Path:
    """Wallets with one to four lots each, every tenth with something payable, in no order."""
    dice = random.Random(seed)
    lots = []
    for number in range(wallets):
        for count in range(dice.randint(1, 4)):
            minor = dice.randint(1, 100_000)
            paid = dice.random() < 0.5
            cost = minor // 10 if paid else 0
            lots.append(
                f"w{number},L{number}-{count},{dice.choice(['INSPIRATION', 'KUAIBI'])},"
                f"{'purchased' if paid else 'compensation'},{minor // 100}.{minor % 100:02d},"
                f"2024-01-01T00:00:00Z,,{'yes' if paid else 'no'},"
                f"{cost // 100}.{cost % 100:02d},{cost * 6 // 10_600}.{cost * 6 // 106 % 100:02d},"
            )
    dice.shuffle(lots)
    return export(
        folder, lots, None, [f"w{number},{number + 1}" for number in range(0, wallets, 10)]
    )
