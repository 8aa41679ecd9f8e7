"""The marts: their shapes as data, what makes each of them, and what must hold before anybody reads them."""
