"""The entity types of the catalogue."""

from __future__ import annotations

from typing import Any, Final

from . import views

_FAMILY: Final = {
    "name": "product_family",
    "label": "Product family",
    "plural": "Product families",
    "icon": "category",
    "hue": 265,
    "description": "Products that belong together; families form a tree.",
    "title": "name",
    "fields": [
        {"name": "name", "kind": "text", "label": "Name", "required": True, "sortable": True},
        {
            "name": "parent", "kind": "lookup", "label": "Parent family",
            "settings": {
                "target": "product_family", "tree": True, "inverse": "subfamilies",
                "inverse_label": "Subfamilies",
            },
        },
        {"name": "description", "kind": "long_text", "label": "Description"},
    ],
    "keys": [["parent", "name"]],
    "views": views.FAMILY,
}  # fmt: skip

_UNIT_GROUP: Final = {
    "name": "unit_group",
    "label": "Unit group",
    "plural": "Unit groups",
    "icon": "ruler",
    "hue": 200,
    "description": "Units that can be counted in each other, such as pieces and boxes.",
    "title": "name",
    "fields": [
        {
            "name": "name", "kind": "text", "label": "Name", "required": True, "unique": True,
            "sortable": True,
        },
    ],
    "views": views.UNIT_GROUP,
}  # fmt: skip

_UNIT: Final = {
    "name": "unit",
    "label": "Unit",
    "plural": "Units",
    "icon": "ruler",
    "hue": 205,
    "description": "What quantities are counted in.",
    "title": "name",
    "fields": [
        {
            "name": "unit_group", "kind": "lookup", "label": "Unit group", "required": True,
            "settings": {"target": "unit_group", "part": True, "inverse": "units"},
        },
        {
            "name": "name", "kind": "text", "label": "Name", "required": True, "sortable": True,
        },
        {
            "name": "factor", "kind": "decimal", "label": "Factor", "required": True,
            "default": "1",
            "help": "How many of the smallest unit of its group it is: 12 for a box of 12 pieces.",
            "settings": {"scale": 6, "min": "0.000001"},
        },
        {
            "name": "digits", "kind": "integer", "label": "Decimals of quantities", "default": 0,
            "help": "0: only whole ones; 3: to the thousandth.",
            "settings": {"min": 0, "max": 3},
        },
    ],
    "keys": [["unit_group", "name"]],
}  # fmt: skip

_PRODUCT: Final = {
    "name": "product",
    "label": "Product",
    "plural": "Products",
    "icon": "package",
    "hue": 250,
    "description": "Goods or a service that you sell.",
    "title": "{name} ({sku})",
    "fields": [
        {"name": "name", "kind": "text", "label": "Name", "required": True, "sortable": True},
        {
            "name": "sku", "kind": "text", "label": "SKU", "unique": True, "sortable": True,
            "help": "The number under which it is ordered and kept in stock; no two are the same.",
            "settings": {"max_length": 64},
        },
        {
            "name": "family", "kind": "lookup", "label": "Family",
            "settings": {"target": "product_family", "inverse": "products"},
        },
        {
            "name": "type", "kind": "choice", "label": "Type", "default": "goods", "indexed": True,
            "options": [
                {"value": "goods", "label": "Goods", "hue": 210},
                {"value": "service", "label": "Service", "hue": 150},
                {"value": "subscription", "label": "Subscription", "hue": 280},
                {"value": "fee", "label": "Flat fee", "hue": 40},
            ],
        },
        {
            "name": "status", "kind": "choice", "label": "Status", "default": "active",
            "indexed": True, "help": "Only active ones come into new lines.",
            "options": [
                {"value": "draft", "label": "Draft", "category": "open", "hue": 210},
                {"value": "active", "label": "Active", "category": "won", "hue": 140},
                {"value": "retired", "label": "Retired", "category": "lost", "hue": 0},
            ],
        },
        {
            "name": "unit", "kind": "lookup", "label": "Unit",
            "help": "What one of it is: its prices and costs are for this unit. It is sold in "
                    "any unit of the same group.",
            "settings": {"target": "unit", "inverse": "products"},
        },
        {
            "name": "list_price", "kind": "money", "label": "List price", "sortable": True,
            "help": "For one unit, without tax, if no price list says otherwise.",
            "settings": {"min": "0"},
        },
        {
            "name": "cost", "kind": "money", "label": "Current cost",
            "help": "What one unit costs you now; prices that go by cost go by it.",
            "settings": {"min": "0"},
        },
        {
            "name": "standard_cost", "kind": "money", "label": "Standard cost",
            "help": "What one unit is planned to cost; it counts where no current cost is known.",
            "settings": {"min": "0"},
        },
        {
            "name": "tax_rate", "kind": "percent", "label": "Tax rate",
            "help": "What new lines begin with.", "settings": {"min": "0", "max": "100"},
        },
        {
            "name": "valid_from", "kind": "date", "label": "Sold from", "sortable": True,
            "help": "The first day; empty: since ever.",
        },
        {
            "name": "valid_to", "kind": "date", "label": "Sold until", "sortable": True,
            "help": "The last day; empty: until further notice.",
        },
        {"name": "description", "kind": "rich_text", "label": "Description"},
    ],
    "views": views.PRODUCT,
}  # fmt: skip

_PRICE_LIST: Final = {
    "name": "price_list",
    "label": "Price list",
    "plural": "Price lists",
    "icon": "list",
    "hue": 235,
    "description": "Prices that hold in a currency for a time.",
    "title": "name",
    "fields": [
        {
            "name": "name", "kind": "text", "label": "Name", "required": True, "unique": True,
            "sortable": True,
        },
        {
            "name": "currency", "kind": "text", "label": "Currency", "required": True,
            "indexed": True, "help": "Three capital letters, such as EUR; its prices are in it.",
            "settings": {"pattern": "[A-Z]{3}", "example": "EUR"},
        },
        {
            "name": "valid_from", "kind": "date", "label": "Valid from", "sortable": True,
            "help": "The first day; empty: since ever.",
        },
        {
            "name": "valid_to", "kind": "date", "label": "Valid to", "sortable": True,
            "help": "The last day; empty: until further notice.",
        },
        {
            "name": "active", "kind": "boolean", "label": "Active", "default": True,
            "indexed": True,
        },
        {
            "name": "rounding", "kind": "choice", "label": "Rounding", "default": "nearest",
            "help": "Of prices that are computed, to the step.",
            "options": [
                {"value": "nearest", "label": "To the nearest"},
                {"value": "up", "label": "Up"},
                {"value": "down", "label": "Down"},
            ],
        },
        {
            "name": "rounding_step", "kind": "decimal", "label": "Step of rounding",
            "help": "0.05 rounds to five cents, 1 to whole ones; empty: to what the currency has.",
            "settings": {"scale": 4, "min": "0.0001"},
        },
        {"name": "description", "kind": "long_text", "label": "Description"},
    ],
    "views": views.PRICE_LIST,
}  # fmt: skip

_PRICE: Final = {
    "name": "price_list_item",
    "label": "Price",
    "plural": "Prices",
    "icon": "tag",
    "hue": 220,
    "description": "What a product costs in a price list.",
    "title": "",
    "fields": [
        {
            "name": "price_list", "kind": "lookup", "label": "Price list", "required": True,
            "settings": {"target": "price_list", "part": True, "inverse": "items"},
        },
        {
            "name": "product", "kind": "lookup", "label": "Product", "required": True,
            "settings": {"target": "product", "inverse": "prices", "on_delete": "cascade"},
        },
        {
            "name": "unit", "kind": "lookup", "label": "Unit",
            "help": "For one of it; empty: that of the product.",
            "settings": {"target": "unit", "inverse": "prices"},
        },
        {
            "name": "from_quantity", "kind": "decimal", "label": "From quantity",
            "required": True, "default": "0",
            "help": "From so many on it holds; the highest one that is reached counts.",
            "settings": {"scale": 3, "min": "0"},
        },
        {
            "name": "method", "kind": "choice", "label": "Method", "required": True,
            "default": "amount",
            "options": [
                {"value": "amount", "label": "Amount"},
                {"value": "list_percent", "label": "Percent of the list price"},
                {"value": "markup", "label": "Markup on cost, percent"},
                {"value": "margin", "label": "Margin on the price, percent"},
            ],
        },
        {
            "name": "price", "kind": "money", "label": "Price", "sortable": True,
            "help": "For one unit, without tax, in the currency of the list.",
            "settings": {"min": "0", "currency_by": "price_list.currency"},
        },
        {
            "name": "percent", "kind": "percent", "label": "Percent",
            "help": "For the methods that go by percent.", "settings": {"scale": 4, "min": "0"},
        },
    ],
    "keys": [["price_list", "product", "unit", "from_quantity"]],
}  # fmt: skip

_CURRENCY: Final = {
    "name": "currency",
    "label": "Currency",
    "plural": "Currencies",
    "icon": "coin",
    "hue": 55,
    "description": "A currency that you use beside your own, with its rates.",
    "title": "code",
    "fields": [
        {
            "name": "code", "kind": "text", "label": "Code", "required": True, "unique": True,
            "sortable": True, "help": "Three letters of ISO 4217, such as USD.",
            "settings": {"pattern": "[A-Z][A-Z0-9]{2}"},
        },
        {
            "name": "active", "kind": "boolean", "label": "Active", "default": True,
            "indexed": True, "help": "It can be chosen; where it is in use it stays.",
        },
        {
            "name": "name", "kind": "text", "label": "Name", "sortable": True,
            "help": "Filled in by the code if you leave it empty.",
        },
        {
            "name": "symbol", "kind": "text", "label": "Symbol",
            "help": "Filled in by the code if you leave it empty.",
        },
        {
            "name": "digits", "kind": "integer", "label": "Decimals",
            "help": "To what its amounts are rounded; that is how the currency is.",
            "settings": {"computed": True},
        },
    ],
    "views": views.CURRENCY,
}  # fmt: skip

_RATE: Final = {
    "name": "exchange_rate",
    "label": "Exchange rate",
    "plural": "Exchange rates",
    "icon": "arrows-exchange",
    "hue": 60,
    "description": "What a currency is worth in that of the instance from a day on.",
    "title": "",
    "fields": [
        {
            "name": "currency", "kind": "lookup", "label": "Currency", "required": True,
            "settings": {"target": "currency", "inverse": "rates", "on_delete": "cascade"},
        },
        {
            "name": "valid_from", "kind": "date", "label": "Valid from", "required": True,
            "sortable": True, "default": "today",
            "help": "It holds from this day until the day of the next one.",
        },
        {
            "name": "rate", "kind": "decimal", "label": "Rate", "required": True,
            "help": "What so many units of it are worth in the currency of the instance.",
            "settings": {"scale": 6, "min": "0.000001"},
        },
        {
            "name": "per", "kind": "integer", "label": "Per", "required": True, "default": 1,
            "help": "How many units the rate is for: 1, or 100 for yen.",
            "settings": {"min": 1, "max": 1_000_000},
        },
    ],
    "keys": [["currency", "valid_from"]],
    "views": views.RATE,
}  # fmt: skip

TYPES: Final[list[dict[str, Any]]] = [
    _FAMILY, _UNIT_GROUP, _UNIT, _PRODUCT, _PRICE_LIST, _PRICE, _CURRENCY, _RATE,
]  # fmt: skip
