"""What settings can be and what they must not: values, fields, and what is no schema at all."""

from __future__ import annotations

import pytest

from relatum.core import plugin_host
from relatum.core.errors import RelatumError

from .instances import prepared
from .parcels import KEY, PARCEL, one, problems, put_in, waits
from .plugged import enable, put, small


@prepared
def ready(instance):
    """An instance in which the plugin runs."""
    waits(instance)
    put_in(instance, api_key=KEY)


# -- what is refused ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"most": 0}, [("most", "too_small")]),
        ({"most": "0"}, [("most", "too_small")]),
        ({"most": 101}, [("most", "too_large")]),
        ({"most": 1.5}, [("most", "not_integer")]),
        ({"most": "many"}, [("most", "not_integer")]),
        ({"most": True}, [("most", "not_integer")]),
        ({"most": 2**60}, [("most", "too_large")]),
        ({"heaviest": "heavy"}, [("heaviest", "not_decimal")]),
        ({"heaviest": "NaN"}, [("heaviest", "not_decimal")]),
        ({"insured": "perhaps"}, [("insured", "not_boolean")]),
        ({"since": "soon"}, [("since", "not_date")]),
        ({"sender": "nobody"}, [("sender", "not_email")]),
        ({"address": "nowhere"}, [("address", "not_url")]),
        ({"carrier": "sea"}, [("carrier", "option_unknown")]),
        ({"carrier": ["post"]}, [("carrier", "not_text")]),
        ({"carrier": "a\x00b"}, [("carrier", "bad_character")]),
        ({"zones": ["eu", "mars"]}, [("zones.1", "option_unknown")]),
        ({"zones": 5}, [("zones", "not_values")]),
        ({"copies": "a@example.org,b"}, [("copies.1", "not_email")]),
        ({"copies": ["a@x.org", "b@x.org", "c@x.org"]}, [("copies", "too_many_values")]),
        ({"mots": 5}, [("mots", "plugin_setting_unknown")]),
        ({"api_key": "abc"}, [("api_key", "too_short")]),
        ({"api_key": 12345}, [("api_key", "not_text")]),
        ({"api_key": "env:"}, [("api_key", "setting_variable")]),
        ({"api_key": "env:RELATUM_KEYS"}, [("api_key", "setting_variable")]),
        ({"api_key": None}, [("api_key", "required")]),
        ({"api_key": ""}, [("api_key", "required")]),
        ({"most": 60}, [("most", "value_invalid")]),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name_and_rule(ready, given, refused):
    before = ready.sql("SELECT * FROM core_plugin_setting")
    assert problems(ready, **given) == refused
    assert ready.sql("SELECT * FROM core_plugin_setting") == before


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("x = fields.Float()", "'x': a setting can't be Float; use String"),
        ("x = fields.Dict()", "can't be Dict"),
        ("x = fields.List(fields.List(fields.String()))", "can't be List"),
        ("x = fields.Nested(Schema)", "can't be Nested"),
        ("x = fields.String(data_key='y')", "one name"),
        ("x = fields.String(dump_only=True)", "one name"),
        ("x = fields.Integer(load_default=lambda: 5)", "default must be a value"),
        ("x = fields.Integer(load_default=5, validate=validate.Range(max=4))", "refuse its defa"),
        ("x = fields.Integer(load_default='5')", "becomes str when it is loaded"),
        ("x = fields.Date(format='%d.%m.%Y')", "takes no other format"),
        ("x = fields.Decimal(allow_nan=True)", "can't be stored"),
        ("x = fields.Boolean(truthy={'ja'})", "true and false must be possible"),
        ("x = fields.Integer(metadata={'secret': True})", "a secret is a String"),
        ("x = fields.String(load_default='a', metadata={'secret': True})", "without a default"),
        ("x__y = fields.String()", "'x__y' is not a name"),
    ],
)
def test_what_can_not_be_a_setting_leaves_the_plugin_out_with_the_reason(instance, field, reason):
    put(instance, "wrong", one(field))
    with pytest.raises(RelatumError, match="relatum_settings") as refused:
        enable(instance, "wrong")
    assert reason in str(refused.value)


@pytest.mark.parametrize("returned", ["{}", "Settings()", "int", "1 / 0"])
def test_what_is_no_schema_leaves_the_plugin_out(instance, returned):
    put(instance, "wrong", one("x = fields.String()", returned))
    with pytest.raises(RelatumError) as refused:
        enable(instance, "wrong")
    assert refused.value.code == "plugin_unfit"


def test_only_what_is_enabled_and_known_has_settings(instance):
    put(instance, "parcel", PARCEL)
    for plugin, code in (("parcel", "plugin_not_enabled"), ("parsel", "plugin_unknown")):
        with pytest.raises(RelatumError) as refused:
            put_in(instance, plugin, api_key=KEY)
        assert refused.value.code == code
    put(instance, "small", small("small"))
    enable(instance, "small")
    assert instance.read(plugin_host.show_settings, "small")["settings"] == []
