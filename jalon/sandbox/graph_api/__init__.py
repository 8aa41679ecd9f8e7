"""What Meta's played platforms share: the Graph API's door, its tokens, paging, and signed webhooks.

Own reading of the Graph API's reference (Overview, Access tokens, Rate limits, Results, Webhooks) as of v26.0.
What is where: `words` (calls, refusals, fields), `paging` (cursors), `tokens`, `door` (who may call, how often),
`hooks` (subscriptions and signed deliveries).
"""
