"""What can be wrong with signing in: passwords, links, codes of a second factor, tokens."""

from __future__ import annotations

from .registry import codes

codes(
    401,
    sign_in_failed=(
        "Sign-in failed",
        "E-mail address or password is wrong, or the user may not sign in.",
    ),
    token_invalid=(
        "Token not valid",
        "The bearer token is unknown, revoked or expired. Make a new one.",
    ),
    link_invalid=(
        "Link not valid",
        "The one-time link is used, expired or unknown. Ask an administrator for a new one.",
    ),
    second_factor_needed=(
        "Code needed",
        "The password or the link is right, and a code is needed, too. Send the ticket and a code "
        "to /api/v1/session/code.",
    ),
    ticket_invalid=(
        "Sign-in not finished in time",
        "The ticket of this sign-in is used, expired or unknown. Sign in again.",
    ),
    sign_in_over=(
        "Sign-in not begun here",
        "This sign-in was not begun in this browser, took too long or is used up. Begin again.",
    ),
    provider_refused=(
        "Refused by the sign-in provider",
        "The sign-in provider did not let you in ({reason}). Try again, or sign in by password.",
    ),
    identity_unknown=(
        "Not known here",
        "The sign-in provider knows you, and no user who may sign in here has an e-mail address "
        "that it has verified. Ask an administrator.",
    ),
    identity_taken=(
        "Linked with somebody else",
        "The user with your e-mail address is linked with somebody else at the sign-in provider. "
        "Ask an administrator to unlink the two.",
    ),
    code_failed=(
        "Code not valid",
        "The code is wrong, over or already used. Wait for the next one of the app, or use a "
        "recovery code.",
    ),
)
codes(
    403,
    second_factor_required=(
        "Second factor needed",
        "This instance wants a second factor of you. Set one up in your account first.",
    ),
    token_reads_only=(
        "Token only reads",
        "This bearer token may only read. Use one without that limit to {method} {path}.",
    ),
    view_only=(
        "Only looking",
        "You look as somebody else, and change nothing so. End that first to {method} {path}.",
    ),
    token_out_of_scope=(
        "Not in the scope of the token",
        "This bearer token may not {action} {thing}: its scope does not say so. Make one whose "
        "scope does.",
    ),
)
codes(
    404,
    session_unknown=(
        "Unknown session",
        "There is no session '{id}' any more: it has ended. Look at the list again.",
    ),
    identity_unlinked=(
        "Not linked",
        "There is no link with '{issuer}'. Read the list of those that are there.",
    ),
)
codes(
    409,
    provider_off=(
        "No sign-in provider",
        "This instance has no sign-in provider, or no public address. Sign in by password.",
    ),
    second_factor_on=(
        "Second factor already on",
        "The second factor is on. Switch it off first to set up another app.",
    ),
    second_factor_off=(
        "No second factor",
        "There is no second factor here. Set one up first.",
    ),
    view_refused=(
        "Can't look so",
        "You can't look at the instance as that user: {reason}.",
    ),
    reset_off=(
        "Reset not possible",
        "This instance can't mail a link. Ask an administrator to let you in again.",
    ),
)
codes(
    422,
    service_fixed=(
        "Person or service for good",
        "A user is a person or a service for good: what was done by either stays that. Add another "
        "user.",
    ),
    service_address=(
        "Service without an address",
        "A service has no e-mail address: nobody signs in as it. Leave it out.",
    ),
    scope_action_unknown=(
        "Not an action",
        "'{action}' is nothing that a token can be for here.{nearest} A type takes read, create "
        "and the other actions of roles; '*' takes admin and permissions of plugins, too.",
    ),
    scope_without_read=(
        "Scope without read",
        "Whatever else a token does with records of '{type}', it also reads them. Add read.",
    ),
    scope_too_many_types=(
        "Too many types in the scope",
        "The scope names {count} types; at most {max} are allowed. Use the line '*'.",
    ),
    code_wrong=(
        "Code wrong",
        "The code is wrong, over or already used. Type the one that the app shows now.",
    ),
)
codes(
    502,
    provider_failed=(
        "Sign-in provider fails",
        "The sign-in provider can't be asked, or its answer is no proof of who you are. Try again "
        "later, or sign in by password.",
    ),
)
codes(
    429,
    too_many_tries=(
        "Too many tries",
        "Too many sign-in tries. Wait {seconds} seconds and try again.",
    ),
)
