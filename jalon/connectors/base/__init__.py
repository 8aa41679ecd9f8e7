"""The connector contract: what a platform's file says, and what it never does.

A connector knows the wire and nothing else. It says which streams a platform has, asks an injected session for
answers, signs, and says what a failure means. It opens no socket, retries nothing, sleeps never, holds no clock
and no database: the engine in `jalon.sync` owns all of that, and `jalon.receive` owns the deliveries' way in.

The life of a poll: `greet` once, then for each window of each stream `pull` (many batches), then `fetch` for what
deliveries or other streams asked to be read. The life of a delivery: `verify` and `delivery_key` at the door, on raw
bytes and before anything is parsed; `open` later, by the engine.

All names are imported from here. In the order in which they are met by who writes a connector:

connector   the one class that is written: what it declares, and what it is asked for
settings    what the user may set
streams     the kinds of record, and how the time of each is cut
offers      the cells of the capability matrix, and the lines of `jalon doctor`
asking      question and answer, budget, tokens
refusals    what a failed answer means, by what happens next
pulling     the window that is read, the batch that is given back, the session that is lent
records     what a platform tells, by whichever way it comes
deliveries  what it sends by itself
sheets      how a file is laid out, and what its rows mean
"""

from jalon.connectors.base.asking import Allowance, Answer, Credentials, Level, Request
from jalon.connectors.base.connector import Connector
from jalon.connectors.base.deliveries import Delivery, Erasure, Notice, Opened, Undelivered
from jalon.connectors.base.offers import Capability, CapabilityGrain, Finding, Offer
from jalon.connectors.base.pulling import Batch, Session, Window
from jalon.connectors.base.records import BY_CONTENT, Deadline, Record, Ref, Skipped
from jalon.connectors.base.refusals import Fault, Renew, Skip, Split, Stop, Wait
from jalon.connectors.base.settings import Settings
from jalon.connectors.base.sheets import Folder, Format, Sheet, Unusable
from jalon.connectors.base.streams import Grain, Stream

__all__ = [
    "BY_CONTENT",
    "Allowance",
    "Answer",
    "Batch",
    "Capability",
    "CapabilityGrain",
    "Connector",
    "Credentials",
    "Deadline",
    "Delivery",
    "Erasure",
    "Fault",
    "Finding",
    "Folder",
    "Format",
    "Grain",
    "Level",
    "Notice",
    "Offer",
    "Opened",
    "Record",
    "Ref",
    "Renew",
    "Request",
    "Session",
    "Settings",
    "Sheet",
    "Skip",
    "Skipped",
    "Split",
    "Stop",
    "Stream",
    "Undelivered",
    "Unusable",
    "Wait",
    "Window",
]
