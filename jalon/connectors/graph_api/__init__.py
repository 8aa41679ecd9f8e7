"""What all of Meta's platforms share on the wire: Graph API and Marketing API, v26.0.

https://developers.facebook.com/docs/graph-api. Not a connector: `instagram`, `facebook` and others are built on it.
What is where: `settings` (what a user sets for any of them), `connector` (what all of them do alike), `asking` (a
question, its credentials, cursor paging), `insights` (figures), `faults` (what a refusal means), `usage` (rate
headers), `tokens` (exchange, life, data access), `subscriptions`, `deliveries` (signature, challenge, envelope of
webhooks), `messaging` (what persons did in Messenger and Instagram's messages).
"""
