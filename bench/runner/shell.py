"""What a user types in a shell for a run or a report."""

from __future__ import annotations

import shlex


def command(verb: str, profile: str) -> str:
    """What to type in a shell to run or to report a profile, which is named as the user named it.

    >>> command("bench", "digits"), command("report", "mine/small.toml")
    ('make bench PROFILE=digits', 'make report PROFILE=mine/small.toml')
    >>> command("bench", "my profiles/small.toml")
    "python -m bench run --profile 'my profiles/small.toml'"
    """
    # Make splits PROFILE at spaces unless it is one file that exists, and expands every `$` in it: no quoting for the
    # shell survives that for certain. A name that needs quotes therefore goes to the command that make would call.
    quoted = shlex.quote(profile)
    if quoted == profile:
        return f"make {verb} PROFILE={profile}"
    return f"python -m bench {'run' if verb == 'bench' else verb} --profile {quoted}"
