"""The one way out (D8): a `Query` becomes a page of records, or groups of them."""

from __future__ import annotations

from .address import from_url as from_url
from .address import words as words
from .compiling import admitted as admitted
from .compiling import live as live
from .compiling import seen as seen
from .every import every as every
from .filters import asker as asker
from .groups import Groups as Groups
from .groups import aggregate as aggregate
from .labelling import labels as labels
from .lists import Page as Page
from .lists import count as count
from .lists import narrowed as narrowed
from .lists import page as page
from .naming import renamed as renamed
from .neighbours import Neighbours as Neighbours
from .neighbours import neighbours as neighbours
from .parse import bounded as bounded
from .parse import from_json as from_json
from .parse import over as over
from .parse import read as read
from .parse import read_filter as read_filter
from .past import Past as Past
from .past import instant as instant
from .related import Labels as Labels
from .related import labels_of as labels_of
from .sorting import check as check
from .suggesting import suggest as suggest
from .suggesting import titled as titled
from .terms import Query as Query
