"""What can be wrong with a value: every code with its title and sentence.

A sentence uses `{name}` for values; a missing value shows as `?` and never raises.
"""

from __future__ import annotations

from .registry import codes

codes(
    422,
    not_text=("Not text", "Must be text; got {got}."),
    too_long=("Too long", "Has {length} characters; at most {max} are allowed."),
    too_short=("Too short", "Has {length} characters; at least {min} are needed."),
    bad_character=("Character not allowed", "Contains {character}, which can't be stored."),
    no_match=("Pattern not matched", "Does not match the pattern {pattern}."),
    not_integer=("Not a whole number", "Must be a whole number; got {got}."),
    not_decimal=("Not a number", "Must be a decimal number such as 12.50; got {got}."),
    too_many_digits=("Too many digits", "Has more than {scale} digits after the point."),
    too_small=("Too small", "Must be at least {min}."),
    too_large=("Too large", "Must be at most {max}."),
    not_boolean=("Not true or false", "Must be true or false; got {got}."),
    not_date=("Not a date", "Must be a date {wanted}; got {got}."),
    not_datetime=(
        "Not a date and time",
        "Must be a date and time with a zone, such as 2026-01-31T09:30:00Z; got {got}.",
    ),
    not_time=("Not a time of day", "Must be a time of day such as 09:30 or 17:05:30; got {got}."),
    not_duration=(
        "Not a duration",
        "Must be a number of seconds, or text such as 1h 30m, 1:30 or PT1H30M; got {got}.",
    ),
    not_colour=("Not a colour", "'{got}' is not a colour. Write #rrggbb, such as #2f6fed."),
    not_texts=(
        "Not a list of texts",
        'Must be a list of texts, or {{"add": [...], "remove": [...]}}; got {got}.',
    ),
    not_values=("Not a list", "Must be a list of values; got {got}."),
    too_many_values=("Too many values", "At most {max} values are allowed; got {count}."),
    not_phone=("Not a phone number", "'{got}' is not a phone number: {reason}"),
    not_url=("Not a web address", "'{got}' is not a web address: {reason}"),
    not_country=(
        "Not a country",
        "'{got}' is not a country. Write its code, such as DE, or its name.{nearest}",
    ),
    not_members=("Not an object", "Must be an object of {members}; got {got}."),
    member_unknown=("Unknown member", "There is no member '{member}', only {known}.{nearest}"),
    not_point=("Not a point", "Must be latitude and longitude, such as 52.52, 13.405; got {got}."),
    not_circle=(
        "Not a circle",
        "Must be latitude, longitude and kilometres, such as 52.52,13.405,10; got {got}.",
    ),
    not_json=("Not a JSON document", "Must be an object or a list; got {got}."),
    json_unfit=("JSON can't be stored", "The JSON {reason}."),
    html_unfit=(
        "HTML can't be stored",
        "The text can't be made safe. Paste it without formatting.",
    ),
    not_email=("Not an e-mail address", "'{got}' is not an e-mail address: {reason}"),
    not_reference=("Not a record id", "Must be the id of a {type} (a whole number); got {got}."),
    reference_unknown=("Unknown record", "There is no {type} with id {id}."),
    lookup_unmatched=("No such record", "No {type} has {field} '{value}'.{nearest}"),
    lookup_ambiguous=(
        "Several records match",
        "{count} {type} have {field} '{value}'. Use a unique field.",
    ),
    option_unknown=("Unknown option", "'{value}' is not an option of '{field}'.{nearest}"),
    option_impossible=(
        "Option not possible",
        "Option '{value}' of '{field}' goes with {choice} {when}; {choice} is {held}. Choose "
        "another option, or change {choice} too.",
    ),
    option_needs=(
        "A value is needed with this option",
        "'{choice_label}' is '{option}', which needs a value for '{field}'. Send one, or choose "
        "another option.",
    ),
    option_needs_hidden=(
        "A value is needed that you can't see",
        "The record would need a value in a field that you can't see or that decides on one. Ask "
        "somebody who sees all of its fields to make this change.",
    ),
    currency_unknown=(
        "Unknown currency",
        "'{value}' is no currency. Use a code of three letters of ISO 4217, such as EUR or JPY.",
    ),
    rate_missing=(
        "No exchange rate",
        "There is no rate of {currency} for {day}. Add an exchange rate that is valid from that "
        "day or an earlier one.",
    ),
    option_retired=("Retired option", "Option '{value}' is retired and can't be chosen any more."),
)
