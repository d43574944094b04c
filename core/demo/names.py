"""Invented companies, people and troubles."""

from __future__ import annotations

from typing import Final, NamedTuple


class Company(NamedTuple):
    """A company of the demonstration; `parent` is the name of one above it in the list."""

    name: str
    city: str
    country: str
    industry: str
    employees: int
    parent: str | None = None


#: Name | city | country | industry | employees | parent
_COMPANIES = """
Aldergate Hotels|Hamburg|Germany|hotel|640|
Aldergate Harbour House|Bremen|Germany|hotel|85|Aldergate Hotels
Aldergate am Markt|Lübeck|Germany|hotel|60|Aldergate Hotels
Amselhof|Uelzen|Germany|farm|14|
Bergquell Brewery|Passau|Germany|brewery|120|
Birkenfeld Dairy Farm|Husum|Germany|farm|22|
Blaufelder Laundries|Kassel|Germany|laundry|210|
Blaufelder Textile Care|Göttingen|Germany|laundry|45|Blaufelder Laundries
Brouwerij De Lantaarn|Utrecht|Netherlands|brewery|38|
Clinique des Tilleuls|Nancy|France|hospital|310|
Corvin Paper|Graz|Austria|factory|480|
Dornbusch Brewing|Kassel|Germany|brewery|75|
Drei Linden Clinic|Potsdam|Germany|hospital|420|
Eiderhof Vegetables|Rendsburg|Germany|farm|31|
Elmwood Ceramics|Meissen|Germany|factory|150|
Fährhaus Sonnin|Stade|Germany|hotel|40|
Ferme du Vieux Pont|Colmar|France|farm|12|
Finkenwerk Coatings|Linz|Austria|factory|265|
Fluss und Faden|Ulm|Germany|laundry|58|
Gallus Hospital|Bregenz|Austria|hospital|530|
Glashütte Morgen|Zwiesel|Germany|factory|190|
Gut Rabenau|Gießen|Germany|farm|27|
Haagveld Glasshouses|Breda|Netherlands|farm|64|
Hanse Linen Service|Rostock|Germany|laundry|130|
Hirschgrund Resort|Garmisch|Germany|hotel|110|
Hof Immergrün|Freiburg|Germany|farm|9|
Hopfengarten Brothers|Bamberg|Germany|brewery|52|
Hôtel de la Rivière|Strasbourg|France|hotel|70|
Inselklinik Norderhaven|Husum|Germany|hospital|180|
Jansen en Dochters|Zwolle|Netherlands|laundry|33|
Kastanienhof|Leipzig|Germany|hotel|55|
Kettler Galvanics|Solingen|Germany|factory|140|
Kloster Weidenau Brewery|Fulda|Germany|brewery|44|
Kranich Electronics|Dresden|Germany|factory|720|
Kranich Sensors|Chemnitz|Germany|factory|160|Kranich Electronics
Lindwurm Brewery|Klagenfurt|Austria|brewery|90|
Maaskant Ziekenhuis|Venlo|Netherlands|hospital|610|
Marienbrunn Hospital|Würzburg|Germany|hospital|350|
Mühlbach Spa|Bad Ischl|Austria|hotel|125|
Neckartal Laundry|Heilbronn|Germany|laundry|72|
Nordlicht Brewing|Flensburg|Germany|brewery|66|
Obsthof Brandt|Stade|Germany|farm|18|
Ostsee Klinikum|Stralsund|Germany|hospital|480|
Papillon Blanchisserie|Metz|France|laundry|95|
Pfauengarten Hotel|Weimar|Germany|hotel|48|
Quellental Foods|Trier|Germany|factory|230|
Reetdach Hotel|Sylt|Germany|hotel|36|
Rosendal Brouwers|Tilburg|Netherlands|brewery|41|
Saline Hallgrund|Hallein|Austria|factory|115|
Schilling Semiconductors|Villach|Austria|factory|890|
Silberbach Farm|Zittau|Germany|farm|16|
Sonnenhang Clinic|Innsbruck|Austria|hospital|240|
Steinfurt Dyeworks|Münster|Germany|factory|105|
Tannenblick Hotel|Goslar|Germany|hotel|62|
Tulpenhof Kwekers|Leiden|Netherlands|farm|29|
Unterlauf Brewery|Duisburg|Germany|brewery|58|
Veldhuis Textiel|Enschede|Netherlands|laundry|84|
Weidental Dairy|Kempten|Germany|farm|47|
Weisse Woche Laundry|Augsburg|Germany|laundry|39|
Zur Alten Wacht|Regensburg|Germany|hotel|33|
"""


def _company(line: str) -> Company:
    name, city, country, industry, employees, parent = line.split("|")
    return Company(name, city, country, industry, int(employees), parent or None)


#: Where Sales South begins: two countries, and these cities.
_SOUTH: Final = frozenset(
    "Austria France Augsburg Bamberg Freiburg Fulda Garmisch Heilbronn Kempten Passau Regensburg "
    "Trier Ulm Weimar Würzburg Zwiesel".split()
)


def is_south(company: Company) -> bool:
    """Say which of the two sales teams a company belongs to."""
    return company.city in _SOUTH or company.country in _SOUTH


COMPANIES: Final = [_company(line) for line in _COMPANIES.strip().splitlines()]

FIRST: Final = (
    "Aylin Béatrice Carl Daan Elif Emma Femke Fiete Greta Hanno Ida Ilse Jan Jonas Julie Karim "
    "Katrin Lara Leon Lotte Malte Marit Mehmet Mila Nele Niels Noor Oskar Paula Pieter Quirin "
    "Ruth Sanne Sophie Tarek Theo Ulla Vera Wiebke Yannick"
).split()
LAST: Final = (
    "Abels Baumann Bosch Cordes Demir Dijkstra Ebner Falk Fontaine Gerber Graf Haas Hofer Ilgen "
    "Jansen Kaya Keller Kramer Lang Lefèvre Maier Meijer Moreau Nolte Oster Pohl Quast Riedl "
    "Sauer Schmid Stein Thoma Uhl Vogel Vos Wagner Winkler Yilmaz Zander Ziegler"
).split()

#: Positions of the people at a company, the first one first.
POSITIONS: Final = ("Plant manager", "Managing director", "Purchasing", "Head of maintenance")

#: What Klarwerk sells to an industry, and from what price for each employee.
OFFERS: Final[dict[str, tuple[tuple[str, int], ...]]] = {
    "brewery": (("Brewing water line", 620), ("Bottle rinse recovery", 380)),
    "hotel": (("Softening unit", 95), ("Pool filtration", 180)),
    "hospital": (("Sterile water plant", 410), ("Legionella protection", 120)),
    "farm": (("Well water treatment", 900), ("Irrigation filter", 450)),
    "laundry": (("Water recycling plant", 530), ("Softening line", 240)),
    "factory": (("Reverse osmosis plant", 350), ("Waste water treatment", 420)),
}
SERVICE_OFFER: Final = ("Service contract", 60)

#: Subjects of tickets, the priority they usually have, and hours of work.
TROUBLES: Final = (
    ("Pressure drops at night", "normal", 3.5),
    ("Control panel shows fault 14", "normal", 2.0),
    ("Filter change overdue", "low", 1.5),
    ("Leak at the inlet valve", "urgent", 4.25),
    ("Salt is used up too fast", "low", 1.0),
    ("Pump is louder than usual", "normal", 2.75),
    ("Conductivity above limit", "urgent", 5.5),
    ("Yearly inspection", "low", 3.0),
    ("Training for new staff", "low", 2.5),
    ("No water at tap line two", "urgent", 6.0),
)
