"""Everything a provider's answer can mean to the Controller. Clients translate; nobody else looks at their codes.

DataplaneError
├── Refused             the provider decided; repeating the same call gives the same answer
│   ├── NotFound        there is no such thing
│   ├── NotSet          the thing is there, but not the setting that was asked for
│   ├── Conflict        the name or object is taken, or changed since it was read
│   ├── TokenMismatch   the token was used with other parameters: so the first call did create something
│   ├── TokenSpent      the token belongs to something that has been destroyed since
│   ├── Invalid         a parameter is wrong
│   ├── Denied          the credentials are wrong or may not do this
│   └── Exhausted       a quota or the capacity is used up
├── NotNow              nothing happened, for nobody answered; the same call may succeed later
│   ├── Postponed       it never left: it waited for too long, or may not be sent now; that says nothing of the provider
│   ├── NotYet          nothing happened, and the provider said so: something else has to happen first
│   │   └── Throttled   the provider gets too many calls
│   └── Unreadable      it answered, and the answer makes no sense: nothing is concluded from it
└── OutcomeUnknown      the call may or may not have had its effect: look before anything is repeated
"""


class DataplaneError(Exception):
    """A provider did not do what was asked. The message says what was asked, of whom, and the answer."""


class Refused(DataplaneError):
    """The provider decided; the call had no effect and repeating it gives the same answer."""


class NotFound(Refused):
    """There is no such thing."""


class NotSet(Refused):
    """The thing is there, but not the setting that was asked for."""


class Conflict(Refused):
    """The name is taken, or the object changed since it was read."""


class TokenMismatch(Refused):
    """The idempotency token was used with other parameters, which proves that the first call created something."""


class TokenSpent(Refused):
    """The idempotency token belongs to something that has been destroyed since."""


class Invalid(Refused):
    """A parameter is wrong."""


class Denied(Refused):
    """The credentials are wrong or lack a permission."""


class Exhausted(Refused):
    """A quota or the capacity is used up."""


class NotNow(DataplaneError):
    """Nothing happened; the same call may succeed later."""


class Postponed(NotNow):
    """The call never left: it had to wait for too long, or may not be sent now. That says nothing of the provider."""


class NotYet(NotNow):
    """The provider answered that it is too early: it throttles, or something else has to happen first."""


class Throttled(NotYet):
    """The provider gets too many calls, from us or from others of the account."""


class Unreadable(NotNow):
    """The answer makes no sense, be it damaged or of another protocol: nothing is concluded from it."""


class OutcomeUnknown(DataplaneError):
    """The reply was lost: the call may or may not have had its effect."""
