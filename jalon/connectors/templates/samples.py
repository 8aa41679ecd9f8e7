"""A small file for each template: what `jalon templates NAME` prints, and what the tests read.

Invented data. A person in it is one of the played brand's, so that a trial run joins with it.
"""

from __future__ import annotations

EXAMPLES: dict[str, str] = {
    "till_orders": """\
receipt,till,date,total,vat,currency,email,loyalty_card
000412,1,2026-11-20T10:31:00+01:00,45.90,7.65,EUR,ada@example.org,90017
000413,1,2026-11-20T10:44:12+01:00,12.00,2.00,EUR,,
""",
    "till_lines": """\
receipt,till,line,sku,quantity,net,vat,currency
000412,1,1,JLN-001,2,38.25,7.65,EUR
000413,1,1,JLN-004,1,10.00,2.00,EUR
""",
    "till_refunds": """\
refund_no,receipt,till,date,total,vat,currency
R-77,000412,1,2026-11-22T16:02:00+01:00,-22.95,-3.83,EUR
""",
    "email_campaigns": """\
date,campaign,sends,delivered,opens,clicks,unsubscribes
2026-11-18,autumn-edit,4210,4180,1502,213,9
""",
    "email_events": """\
timestamp,event,email,campaign,url
2026-11-18T08:02:11Z,open,ada@example.org,autumn-edit,
2026-11-18T08:03:40Z,click,ada@example.org,autumn-edit,https://shop.example/p/1?utm_source=mailing&utm_medium=email
""",
    "forum_posts": """\
post_id,posted_at,type,author,thread
88121,2026-11-15T21:14:00Z,question,marmot,4711
88125,2026-11-15T22:01:30Z,reply,heron,4711
""",
    "survey_answers": """\
response_id,survey,submitted_at,score,choice,email
a-1,nps,2026-11-21T09:00:00Z,9,,ada@example.org
a-2,win_loss,2026-11-21T09:20:00Z,,price,
""",
    "reviews": """\
review_id,date,stars,product,order_no
rv-5,2026-11-19,4,JLN-001,
""",
    "affiliate_transactions": """\
transaction_id,order_ref,shop,transaction_date,click_date,publisher_id,status,amount,commission,currency
t-9001,4507892,shopify,2026-11-10T12:00:00Z,2026-11-10T11:40:00Z,pub-12,approved,59.90,4.79,EUR
t-9002,4507901,shopify,2026-11-11T15:30:00Z,,pub-12,declined,20.00,0.00,EUR
""",
    "ad_costs": """\
date,platform,campaign,spend,currency,impressions,clicks
2026-11-18,google_ads,brand-search,41.27,EUR,1820,96
""",
    "meta_orders": """\
{"id":"64202","order_status":{"state":"COMPLETED"},"created":"2025-06-02T14:08:11+0000",\
"last_updated":"2025-06-09T10:00:00+0000","channel":"instagram","estimated_payment_details":\
{"subtotal":{"items":{"amount":"20.45","currency":"USD"},"shipping":{"amount":"4.00","currency":"USD"}},\
"tax":{"amount":"1.64","currency":"USD"},"total_amount":{"amount":"26.09","currency":"USD"}},\
"items":{"data":[{"id":"1","retailer_id":"JLN-002","quantity":1,\
"price_per_unit":{"amount":"20.45","currency":"USD"}}]}}
""",
    "orders": """\
order_id,platform,placed_at,currency,total,tax,channel
P-1001,phone,2026-11-20T17:00:00+01:00,EUR,80.00,13.33,mobile
""",
    "order_lines": """\
order_id,platform,line_id,currency,sku,quantity,goods,tax
P-1001,phone,1,EUR,JLN-001,1,66.67,13.33
""",
    "refunds": """\
refund_id,order_id,platform,refunded_at,currency,total,tax
PR-1,P-1001,phone,2026-11-24T09:00:00+01:00,EUR,80.00,13.33
""",
    "touchpoints": """\
id,platform,occurred_at,kind,channel,phone
c-1,call_centre,2026-11-20T16:40:00+01:00,question,mobile,+33 6 00 00 00 01
""",
    "figures": """\
platform,start,content_id,views,clicks
digital_signage,2026-11-18,window-3,640,12
""",
    "answers": """\
answer_id,platform,survey,answered_at,score
k-1,kiosk,csat,2026-11-20T18:02:00+01:00,5
""",
    "transactions": """\
transaction_id,platform,order_id,shop,occurred_at,creator_id,currency,commission
t-1,partner_shop,4507892,shopify,2026-11-10T12:00:00Z,pub-12,EUR,4.79
""",
    "contents": """\
content_id,platform,kind,title,posted_at,product_ids
m-7,mailing,mail,Autumn edit,2026-11-18T08:00:00Z,JLN-001 JLN-002
""",
    "products": """\
product_id,platform,sku,title,price,currency
1,till,JLN-001,Wool scarf,22.95,EUR
""",
    "identities": """\
email,loyalty,evidence
ada@example.org,90017,card
""",
}
