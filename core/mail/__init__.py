"""Outgoing mail: written in the transaction of what it tells of, sent by a job after the commit.

    TEXTS = mail.Texts(Path(__file__).parent / "mail")  # en.toml, de.toml: [card_ready] …

    words = TEXTS.words("card_ready", language=user["language"], values={"number": "L-7"})
    mail.send(user["email"], words, record=("loyalty_card", 7), actor=ctx.actor)

    mail.send(mail.Recipient("ada@example.org", "Ada"), mail.Words("Hello", "Text."), actor=actor)

Each recipient gets a mail alone. Whether a server is set up is the administrator's matter: without
one, `send` keeps the mail where administrators see it, and `can_send()` is False, so that a page
shows a link to be copied instead. What a server takes back later is tried again, later and later;
what it refuses for good has failed, with the server's sentence. A process that is killed just
after the server took a mail sends it a second time, with the same Message-ID.
"""

from __future__ import annotations

from .delivering import SEND_MAIL as SEND_MAIL
from .delivering import deliver as deliver
from .letters import send_invitation as send_invitation
from .letters import send_reset_link as send_reset_link
from .letters import send_sign_in_link as send_sign_in_link
from .letters import send_test as send_test
from .looking import about as about
from .looking import forget as forget
from .looking import get as get
from .looking import list_mails as list_mails
from .looking import outward as outward
from .looking import retry as retry
from .rows import STATES as STATES
from .rows import is_over as is_over
from .texts import Texts as Texts
from .texts import Words as Words
from .writing import Recipient as Recipient
from .writing import can_send as can_send
from .writing import send as send
from .writing import server as server
