"""What can go wrong for the person at the terminal; each becomes one line on standard error and an exit code.

PluginError
+-- ConnectionFailed    the cluster or the kubeconfig: nothing could be asked
+-- Refused             the API server answered no: missing rights, a rule, a kind that is not installed
+-- NotFound            there is no such object
+-- Conflict            the object has changed since it was read
+-- Unreadable          an object that this plugin does not understand
"""

FAILED = 1


class PluginError(Exception):
    """One sentence for a person: what, where, and how to mend it."""

    code: int = FAILED
    """The exit code; another one where the command gives this a meaning of its own."""


class ConnectionFailed(PluginError):
    """No answer, or no way to ask: kubeconfig, context, credentials, network."""


class Refused(PluginError):
    """The API server understood and said no."""


class NotFound(PluginError):
    """There is no such object."""


class Conflict(PluginError):
    """The object has changed since it was read."""


class Unreadable(PluginError):
    """An object that a newer operator, or a person, has shaped in a way that this plugin does not know."""
