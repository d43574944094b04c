"""Invented families and products."""

from __future__ import annotations

from typing import Final

#: Name, family above it, what is in it.
FAMILIES: Final = (
    ("Plants", "", "Complete plants, built to order and put to work on site."),
    ("Devices", "", "Devices from stock."),
    ("Spare parts", "", "What wears out, and what it takes to change it."),
    ("Services", "", "Work on site, contracts and training."),
    ("Softening", "Devices", "Against limescale."),
    ("Filtration", "Devices", "Against what floats."),
    ("Reverse osmosis", "Plants", "Pure water from any."),
    ("Disinfection", "Devices", "Against what lives."),
    ("Waste water", "Plants", "So that it can be let go, or used again."),
    ("Pumps", "Devices", "To get it there."),
    ("Control", "Devices", "To measure and to steer."),
)

#: Groups of units, each with its units: name, factor and decimals of quantities.
UNITS: Final = (
    ("Pieces", (("Piece", "1", 0), ("Box of 12", "12", 0))),
    ("Sets", (("Set", "1", 0),)),
    ("Working time", (("Hour", "1", 2), ("Day", "8", 2))),
    ("Terms", (("Month", "1", 0), ("Year", "12", 0))),
    ("Weight", (("Kilogram", "1", 3), ("Bag of 25 kg", "25", 0))),
)

#: Name | family | type | unit | list price
_PRODUCTS = """
Softener S 20|Softening|goods|piece|890
Softener S 60|Softening|goods|piece|1490
Softener S 120 duplex|Softening|goods|piece|3250
Softener S 300 duplex|Softening|goods|piece|6400
Brine tank 200|Softening|goods|piece|340
Hardness monitor|Softening|goods|piece|520
Candle filter C 5|Filtration|goods|piece|210
Backwash filter B 25|Filtration|goods|piece|680
Backwash filter B 80|Filtration|goods|piece|2150
Sand filter 600|Filtration|goods|piece|2890
Sand filter 1200|Filtration|goods|piece|5700
Carbon filter 400|Filtration|goods|piece|2350
Carbon filter 900|Filtration|goods|piece|4980
Iron remover 40|Filtration|goods|piece|3600
Pool filter P 3|Filtration|goods|piece|4200
Reverse osmosis RO 250|Reverse osmosis|goods|piece|9800
Reverse osmosis RO 1000|Reverse osmosis|goods|piece|24500
Reverse osmosis RO 4000|Reverse osmosis|goods|piece|61000
Reverse osmosis RO 12000|Reverse osmosis|goods|piece|148000
Pure water loop|Reverse osmosis|goods|piece|38000
Storage tank 1000|Reverse osmosis|goods|piece|2650
Storage tank 5000|Reverse osmosis|goods|piece|7900
UV reactor 40|Disinfection|goods|piece|1850
UV reactor 120|Disinfection|goods|piece|4300
UV reactor 400|Disinfection|goods|piece|11800
Chlorine dioxide generator|Disinfection|goods|piece|14200
Dosing station D 1|Disinfection|goods|piece|1280
Dosing station D 3|Disinfection|goods|piece|2960
Ozone generator 20|Disinfection|goods|piece|17600
Neutralisation N 2|Waste water|goods|piece|28500
Neutralisation N 8|Waste water|goods|piece|64000
Flotation F 10|Waste water|goods|piece|86000
Membrane bioreactor 50|Waste water|goods|piece|210000
Rinse water recovery|Waste water|goods|piece|52000
Laundry water recycling|Waste water|goods|piece|78000
Grease separator 4|Waste water|goods|piece|6900
Well pump 400|Pumps|goods|piece|840
Well pump 1500|Pumps|goods|piece|1960
Booster set 2 x 3|Pumps|goods|set|5400
Booster set 3 x 8|Pumps|goods|set|12900
High pressure pump 16|Pumps|goods|piece|4700
Transfer pump T 5|Pumps|goods|piece|1120
Control panel Aqua 4|Control|goods|piece|3100
Control panel Aqua 12|Control|goods|piece|7800
Remote monitoring gateway|Control|goods|piece|1350
Conductivity probe|Control|goods|piece|390
Flow meter DN 50|Control|goods|piece|720
Remote monitoring|Services|subscription|month|85
Filter cartridge 5 um|Spare parts|goods|piece|18.5
Filter cartridge 50 um|Spare parts|goods|piece|14
UV lamp 120|Spare parts|goods|piece|240
Membrane 4040|Spare parts|goods|piece|410
Membrane 8040|Spare parts|goods|piece|980
Resin, 25 litres|Spare parts|goods|set|135
Regeneration salt|Spare parts|goods|kilogram|0.5
Seal set|Spare parts|goods|set|62
Service contract basic|Services|subscription|year|1400
Service contract full|Services|subscription|year|4900
Technician on site|Services|service|hour|118
Putting into operation|Services|fee|piece|2200
Training for operators|Services|service|day|1350
Water analysis|Services|fee|piece|290
"""


def _product(line: str) -> tuple[str, str, str, str, float]:
    name, family, kind, unit, price = line.split("|")
    return name, family, kind, unit, float(price)


PRODUCTS: Final = [_product(line) for line in _PRODUCTS.strip().splitlines()]
