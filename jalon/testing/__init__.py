"""What a connector promises, for the tests of whoever writes one: any test framework, or none.

    from jalon.testing import accept, broken, unlike

    assert broken(Bazaar(), BazaarSettings(connector="bazaar", ...)) == []
    assert unlike(Bazaar(), Path("tests/samples")) == []

`broken` returns the promises that a connector breaks, `unlike` the samples that give other facts than lie beside them,
each as a sentence. `accept` writes those facts anew: look at the difference before you commit it. jalon's own tests
go through the same code, for every connector that is installed.
"""

from jalon.testing.promises import PROMISES, broken
from jalon.testing.samples import Sample, accept, derive, samples, unlike

__all__ = ["PROMISES", "Sample", "accept", "broken", "derive", "samples", "unlike"]
