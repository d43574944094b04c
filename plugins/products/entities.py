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
            "name": "unit", "kind": "choice", "label": "Unit", "default": "piece",
            "help": "What one of it is: quantities are counted in this unit.",
            "options": [
                {"value": "piece", "label": "Piece"},
                {"value": "set", "label": "Set"},
                {"value": "hour", "label": "Hour"},
                {"value": "day", "label": "Day"},
                {"value": "month", "label": "Month"},
                {"value": "year", "label": "Year"},
                {"value": "kilogram", "label": "Kilogram"},
                {"value": "litre", "label": "Litre"},
                {"value": "metre", "label": "Metre"},
                {"value": "square_metre", "label": "Square metre"},
            ],
        },
        {
            "name": "list_price", "kind": "money", "label": "List price", "sortable": True,
            "help": "For one unit, without tax, if no price list says otherwise.",
            "settings": {"min": "0"},
        },
        {
            "name": "cost", "kind": "money", "label": "Cost",
            "help": "What one unit costs you.", "settings": {"min": "0"},
        },
        {
            "name": "active", "kind": "boolean", "label": "Active", "default": True,
            "indexed": True, "help": "It can be offered; what is not sold any more stays.",
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
            "settings": {"pattern": "[A-Z]{3}"},
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
            "name": "price", "kind": "decimal", "label": "Price", "required": True,
            "sortable": True, "help": "For one unit, without tax, in the currency of the list.",
            "settings": {"scale": 4, "min": "0"},
        },
    ],
    "keys": [["price_list", "product"]],
}  # fmt: skip

TYPES: Final[list[dict[str, Any]]] = [_FAMILY, _PRODUCT, _PRICE_LIST, _PRICE]
