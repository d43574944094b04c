"""What a report is asked: whose deals, of which pipeline, and of which days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from relatum import Actor, RelatumError, catalog, clock, fields, imports, seen
from relatum.plugins import products

from . import spans
from .shapes import Node

DEAL, LEAD, STAY = "opportunity", "lead", "stage_change"
#: The words of every report, of those about a period, and of those about a day.
COMMON: Final = ("pipeline", "owner", "team")
PERIOD: Final = ("period", "from", "to")
DAY: Final = ("at", "since")
AMOUNTS: Final = ("amount", "amount_base")

Say = Callable[..., str]


def plain(text: str, /, **values: Any) -> str:
    """Return a text in English, as programs read it."""
    return text.format(**values) if values else text


class Asked:
    """A question as somebody asks it; raises what is wrong with its words.

    `translated` says the texts of the answer, `language` is that of what things are called.
    """

    def __init__(
        self, words: Mapping[str, str], actor: Actor, *, language: str = "en", say: Say = plain
    ) -> None:
        self.words = {name: text for name, text in words.items() if text}
        self.actor, self.translated = actor, say
        self.known: catalog.Catalog = seen(actor, language)
        self.zone = catalog.zone_of(actor.timezone)
        self.now = clock.now()
        self.today = self.now.astimezone(self.zone).date()
        self.pipeline = self._pipeline()
        self.owner = self._found("user", "owner", "me", actor.user_id)
        self.team = self._found("team", "team", "mine", actor.team_id)

    def _pipeline(self) -> str | None:
        value = self.words.get("pipeline")
        known = self.options("pipeline")
        if value is not None and value not in known:
            raise RelatumError(
                "sales_pipeline_unknown", value=value[:80], possible=", ".join(known)
            )
        return value

    def _found(self, type_name: str, word: str, own: str, mine: int | None) -> int | None:
        text = self.words.get(word)
        if text is None:
            return None
        if text == own:
            if mine is None:
                raise RelatumError("sales_own_missing", value=own, name=word)
            return mine
        by = "id" if text.isdecimal() else "email" if "@" in text else None
        return imports.find(type_name, text, actor=self.actor, by=by)

    # -- what is seen -----------------------------------------------------------------------------
    def type(self, name: str) -> catalog.EntityType:
        """Return a type as who asks sees it."""
        return self.known.type(name)

    def sees(self, type_name: str, *names: str) -> bool:
        """Say whether who asks sees some fields."""
        found = self.known.types.get(type_name)
        return found is not None and all(name in found.fields for name in names)

    @cached_property
    def hides_amounts(self) -> bool:
        """Whether amounts are left out, since who asks does not see those of deals."""
        return not self.sees(DEAL, *AMOUNTS)

    @cached_property
    def currency(self) -> str:
        """The code of the currency that amounts are summed up in; empty where they are hidden."""
        found = self.type(DEAL).fields.get("amount_base")
        return found.code if isinstance(found, fields.Money) else ""

    def rounded(self, amount: Decimal) -> Decimal:
        """Return an amount with the decimals of that currency."""
        return products.rounded(amount, self.currency) if self.currency else amount

    def options(self, name: str) -> dict[str, fields.Option]:
        """Return the options of a choice of deals by their values, in their order."""
        found = self.type(DEAL).fields.get(name)
        return {option.value: option for option in found.options} if found else {}

    @cached_property
    def stages(self) -> dict[str, fields.Option]:
        """The stages in which nothing is decided, in their order: those of the pipeline."""
        return {
            value: option
            for value, option in self.options("stage").items()
            if option.category == "open"
            and (self.pipeline is None or not option.when or self.pipeline in option.when)
        }

    # -- days -------------------------------------------------------------------------------------
    @cached_property
    def span(self) -> spans.Span:
        """The days of the period, the first one and the last one included."""
        if "from" in self.words or "to" in self.words:
            if "period" in self.words:
                raise RelatumError("sales_period_twice")
            first = self.day("from") or date(1970, 1, 1)
            return _ordered(first, self.day("to") or max(self.today, first))
        period = self.words.get("period", spans.USUAL)
        if period not in spans.PERIODS:
            possible = ", ".join(spans.PERIODS)
            raise RelatumError("sales_period_unknown", value=period[:80], possible=possible)
        return spans.of(period, self.today)

    def day(self, word: str) -> date | None:
        """Return the day that a word names; None without it."""
        text = self.words.get(word)
        if text is None:
            return None
        try:
            found = date.fromisoformat(text)
            datetime.combine(found + timedelta(days=1), time(), self.zone).timestamp()
        except (ValueError, OverflowError):
            raise RelatumError("sales_day_invalid", name=word, value=text[:80]) from None
        return found

    def past_day(self, word: str) -> date | None:
        """Return the day that a word names, which is not to come."""
        found = self.day(word)
        if found is not None and found > self.today:
            raise RelatumError("sales_day_ahead", value=found.isoformat())
        return found

    @cached_property
    def at(self) -> date:
        """The day at whose end the pipeline is looked at."""
        return self.past_day("at") or self.today

    @cached_property
    def since(self) -> date | None:
        """The day that it is compared with."""
        found = self.past_day("since")
        return None if found is None else _ordered(found, self.at).first

    def end_of(self, day: date) -> datetime:
        """Return the last instant of a day where who asks is, or now if it lasts."""
        following = datetime.combine(day + timedelta(days=1), time(), self.zone)
        return min(following - timedelta(microseconds=1), self.now)

    def within(self, path: str) -> list[Node]:
        """Return the conditions that an instant lies in the period."""
        start = datetime.combine(self.span.first, time(), self.zone)
        end = datetime.combine(self.span.last + timedelta(days=1), time(), self.zone)
        return [
            {"field": path, "op": "gte", "value": start.isoformat()},
            {"field": path, "op": "lt", "value": end.isoformat()},
        ]

    # -- whose ------------------------------------------------------------------------------------
    def of(self, *, pipeline: bool = True, through: str = "") -> list[Node]:
        """Return the conditions on owner, team and pipeline, over a link if need be."""
        held = {"owner": self.owner, "team": self.team}
        if pipeline:
            held["pipeline"] = self.pipeline  # type: ignore[assignment]
        return [
            {"field": f"{through}{name}", "op": "eq", "value": value}
            for name, value in held.items()
            if value is not None
        ]


def category(*names: str, path: str = "stage") -> Node:
    """Return the condition that a choice has an option of some categories."""
    return {"field": path, "op": "category", "value": list(names)}


def _ordered(first: date, last: date) -> spans.Span:
    if first > last:
        raise RelatumError("sales_days_reversed", first=first.isoformat(), last=last.isoformat())
    return spans.Span(first, last)
