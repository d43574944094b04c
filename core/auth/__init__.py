"""Who may come in: passwords, second factors, providers, sessions, tokens, one-time links.

Hashing takes tens of milliseconds and never happens inside a transaction. A surface signs in
so: `find_credential` in a short `reading()`, `check_password` outside, `enter` in a short
`writing()`. Only digests of session ids, tokens and links are stored; their texts are shown once.
A user who is inactive or in the trash gets nothing, at once: every look-up demands it.
"""

from __future__ import annotations

from . import second_factor as second_factor
from .actors import TOKEN_PREFIX as TOKEN_PREFIX
from .actors import actor_of_session as actor_of_session
from .actors import actor_of_token as actor_of_token
from .actors import actor_of_user as actor_of_user
from .actors import actors_of_users as actors_of_users
from .actors import renewed as renewed
from .passwords import LONGEST_PASSWORD as LONGEST_PASSWORD
from .passwords import SHORTEST_PASSWORD as SHORTEST_PASSWORD
from .passwords import Credential as Credential
from .passwords import check_password as check_password
from .passwords import find_credential as find_credential
from .passwords import find_user as find_user
from .passwords import hash_password as hash_password
from .passwords import random_password as random_password
from .passwords import set_password as set_password
from .people import MAY_ENTER as MAY_ENTER
from .people import USERS as USERS
from .people import enters as enters
from .people import forget as forget
from .people import must_enter as must_enter
from .sessions import Session as Session
from .sessions import enter as enter
from .sessions import make_invitations as make_invitations
from .sessions import make_link as make_link
from .sessions import make_reset as make_reset
from .sessions import reset_holder as reset_holder
from .sessions import sign_in as sign_in
from .sessions import sign_out as sign_out
from .sessions import ticket_holder as ticket_holder
from .sessions import use_link as use_link
from .sessions import use_reset as use_reset
from .sessions import use_ticket as use_ticket
from .tokens import TOKEN_DAYS as TOKEN_DAYS
from .tokens import TOKEN_NAME as TOKEN_NAME
from .tokens import list_tokens as list_tokens
from .tokens import make_token as make_token
from .tokens import note_use as note_use
from .tokens import revoke_token as revoke_token
from .viewing import stop_viewing as stop_viewing
from .viewing import view_as as view_as
from .visits import end_session as end_session
from .visits import end_sessions as end_sessions
from .visits import last_sign_in as last_sign_in
from .visits import list_sessions as list_sessions
from .visits import ways_in as ways_in
