"""What speaks for a visit that Bazaar led to a shop, as https://bazaar.example/api#links has it."""

from jalon.normalize.channel_rules import Rule

BAZAAR = Rule(
    "bazaar", "content_click", click_ids="bzclid", names="bazaar bazaar_ads", hosts="bazaar.example bzr.example"
)
