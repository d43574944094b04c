"""Invented organisations in real cities; telephone numbers are of ranges kept for fiction."""

from __future__ import annotations

from typing import Final

HEADS: Final = (
    "Aldergate Amberley Arendt Beckmoor Bergquell Birkholt Brackwell Caldermoor Castellane "
    "Clairvaux Dornbusch Dunmarsh Eichkamp Elmstead Fairholm Falkenau Finkenried Gladbrook "
    "Grauwinkel Greyfriar Halewood Haslach Heronsgate Ilmenau Ivywell Kestrel Kirchbach Lanterne "
    "Larkfield Lindenau Marlowe Merewood Moorbach Nettlecombe Nordhafen Oakhurst Ostermoor "
    "Pellworm Quellental Rauschen Ravensby Rosental Saintclair Sandbrook Silbersee Steinfurt "
    "Tannwald Thornbury Uferstein Valmont Veilchental Wachenau Weidenbach Westerholm Wolkenstein"
).split()

#: What organisations of an industry are called.
INDUSTRIES: Final[dict[str, tuple[str, ...]]] = {
    "food": ("Brewery", "Foods", "Dairy", "Mineral Water"),
    "hospitality": ("Hotels", "Spa Resort"),
    "healthcare": ("Clinics", "Hospital", "Laboratories"),
    "agriculture": ("Farms", "Nurseries"),
    "manufacturing": ("Works", "Metal Finishing", "Textiles"),
    "chemicals": ("Chemicals", "Coatings"),
    "energy": ("Energy", "District Heating"),
    "utilities": ("Water Board",),
    "consumer_goods": ("Cosmetics",),
    "real_estate": ("Properties",),
    "government": ("Town Council",),
    "logistics": ("Laundry Services",),
}

#: City, postal code, country, whether the northern team sells there, a number with a place for two
#: digits.
CITIES: Final = (
    ("Hamburg", "20095", "DE", True, "+49 40 669695{:02}"),
    ("Berlin", "10115", "DE", True, "+49 30 231253{:02}"),
    ("Manchester", "M1 2AB", "GB", True, "+44 161 49601{:02}"),
    ("Lübeck", "23552", "DE", True, "+49 40 669691{:02}"),
    ("München", "80331", "DE", False, "+49 89 999984{:02}"),
    ("Paris", "75003", "FR", False, "+33 1 99 00 41 {:02}"),
    ("Bremen", "28195", "DE", True, "+49 40 669697{:02}"),
    ("Köln", "50667", "DE", False, "+49 221 47105{:02}"),
    ("London", "EC1A 1BB", "GB", True, "+44 20 7946 07{:02}"),
    ("Frankfurt am Main", "60311", "DE", False, "+49 69 900092{:02}"),
    ("Kiel", "24103", "DE", True, "+49 40 669693{:02}"),
    ("Lyon", "69002", "FR", False, "+33 4 65 71 22 {:02}"),
    ("Edinburgh", "EH1 1YZ", "GB", True, "+44 131 49604{:02}"),
    ("Stuttgart", "70173", "DE", False, "+49 69 900097{:02}"),
    ("Rostock", "18055", "DE", True, "+49 30 231258{:02}"),
    ("Nantes", "44000", "FR", False, "+33 2 61 91 35 {:02}"),
    ("Leipzig", "04109", "DE", True, "+49 30 231251{:02}"),
    ("Freiburg im Breisgau", "79098", "DE", False, "+49 69 900095{:02}"),
    ("Leeds", "LS1 4AP", "GB", True, "+44 113 49602{:02}"),
    ("Strasbourg", "67000", "FR", False, "+33 3 53 01 18 {:02}"),
)

STREETS: Final = (
    "Am Wehr", "Brunnenweg", "Dock Road", "Hafenstrasse", "High Street", "Industriestrasse",
    "Kanalufer", "Lindenallee", "Mill Lane", "Mühlenweg", "Quellgasse", "Quai du Nord",
    "Rue des Forges", "Station Road", "Werkstrasse",
)  # fmt: skip

#: Job titles and departments; the first one is who is asked first.
TITLES: Final = (
    ("Plant manager", "Operations"),
    ("Head of purchasing", "Purchasing"),
    ("Managing director", "Management"),
    ("Head of maintenance", "Technology"),
    ("Process engineer", "Technology"),
    ("Buyer", "Purchasing"),
    ("Quality manager", "Quality"),
    ("Controller", "Finance"),
    ("Energy officer", "Operations"),
    ("Shift supervisor", "Operations"),
)
SALUTATIONS: Final = ("Dr.", "Prof.", "Dr.")
#: Where people have addresses of their own.
OTHERS: Final = "post.example"
