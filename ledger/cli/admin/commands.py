"""The commands for people, by name. Each one's module is imported when it runs."""

from typing import Final, Literal

from cyclopts import App, Group

_COMMANDS: Final = {
    "find": ("finding:find", "Find a wallet by anything that is known of it."),
    "wallet": ("wallets:app", "Look at a wallet, explain it, freeze it, limit it."),
    "charge": ("charges:app", "Look at charges, explain them, refund them."),
    "hold": ("holds:app", "Look at holds, void them, let them expire later."),
    "order": ("orders:app", "Look at orders, open, close and refund them."),
    "membership": ("memberships:app", "Look at a membership, cancel it."),
    "grant": ("grants:grant", "Give a wallet points without payment."),
    "adjust": ("proposing:adjust", "Propose to correct a balance."),
    "propose": ("proposing:app", "Propose what another person must approve."),
    "bulk": ("bulk.commands:app", "Do the same for every row of a CSV file."),
    "proposal": ("proposals:app", "What waits for a second person; approve it or reject it."),
    "caller": ("callers:app", "Callers: who there is, and who you are."),
    "acts": ("audit_log:acts", "List what administrators did, newest first."),
    "switch": ("audit_log:switches", "Stop a channel, a SKU or a caller, or let it go on."),
    "key": ("keys:app", "API keys, over the API or on the host; limits of callers."),
    "login": ("login:login", "Put your API key into the keyring."),
    "logout": ("login:logout", "Take your API key out of the keyring."),
}


def register(app: App) -> None:
    """Add all of them to the command tree."""
    people = Group("Over the API, with a key", sort_key=1)
    for name, (place, help_) in _COMMANDS.items():
        app.command(f"ledger.cli.admin.{place}", name=name, help=help_, group=people)
    app.command("ledger.cli.admin.old_names:apikey", show=False)

    @app.command
    def completion(shell: Literal["bash", "zsh", "fish"]) -> None:
        """Print a completion script: `ledger completion bash >> ~/.bash_completion`."""
        print(app.generate_completion(shell=shell))
