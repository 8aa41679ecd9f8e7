"""Which marks of a visit speak for which channel.

The order of `RULES` is the precedence: where two rows claim the same word, the upper one has it. Rows of other
distributions come below (`channel_additions`). Click ids are those of the platforms' advertising documentation; hosts
are the platforms' own domains, link shorteners and Android apps (`android-app://...` referrers); brands are hosts under
any country's domain (google.fr, google.co.uk).
"""

from __future__ import annotations

from typing import NamedTuple

from jalon.normalize.vocabulary import TouchKind


class Rule(NamedTuple):
    """A channel and all that speaks for it; words are parted by spaces."""

    channel: str
    kind: TouchKind = "visit"
    surface: str | None = None
    ad_ids: str = ""
    """Click ids that only advertisements carry."""
    click_ids: str = ""
    """Click ids that any link on the platform may carry."""
    names: str = ""
    """Values of utm_source."""
    media: str = ""
    """Values of utm_medium."""
    brands: str = ""
    """Hosts under any country's domain."""
    hosts: str = ""
    """With all that is below them."""
    title: str = ""
    """What people call it, where its name with a capital letter would not do."""


RULES: tuple[Rule, ...] = (
    Rule(
        "ai_assistant",
        names="chatgpt openai perplexity copilot gemini claude",
        hosts="chatgpt.com chat.openai.com perplexity.ai copilot.microsoft.com gemini.google.com claude.ai"
        " chat.mistral.ai com.openai.chatgpt com.google.android.apps.bard",
        title="AI assistants",
    ),
    Rule(
        "email",
        names="email e-mail mail newsletter klaviyo mailchimp brevo sendinblue mailjet omnisend shopify_email",
        media="email e-mail mail newsletter emailing",
        hosts="mail.google.com mail.yahoo.com outlook.live.com outlook.office.com outlook.office365.com mail.proton.me"
        " mail.aol.com mail.ru com.google.android.gm com.microsoft.office.outlook com.yahoo.mobile.client.android.mail",
    ),
    Rule(
        "messaging",
        names="whatsapp telegram messenger sms line viber signal discord",
        media="sms mms whatsapp messenger chat",
        hosts="wa.me whatsapp.com m.me messenger.com t.me telegram.org telegram.me discord.com discord.gg line.me"
        " com.whatsapp org.telegram.messenger com.facebook.orca com.discord com.slack slack.com",
    ),
    Rule(
        "affiliate", names="awin rakuten impact partnerize shareasale", media="affiliate affiliates affiliation partner"
    ),
    Rule("mobile", names="app shop_app push", media="push app mobile_app in_app", hosts="shop.app com.shopify.arrive"),
    Rule(
        "youtube",
        "content_click",
        "video",
        names="youtube yt youtube.com",
        brands="youtube",
        hosts="youtu.be com.google.android.youtube",
        title="YouTube",
    ),
    Rule(
        "tiktok",
        "content_click",
        ad_ids="ttclid",
        names="tiktok tt tik_tok tik-tok tiktok_ads tiktokads",
        brands="tiktok",
        hosts="tiktokv.com com.zhiliaoapp.musically com.ss.android.ugc.trill",
        title="TikTok",
    ),
    Rule(
        "instagram",
        "content_click",
        click_ids="igshid igsh",
        names="instagram ig insta instagram_ads",
        brands="instagram",
        hosts="ig.me com.instagram.android",
    ),
    Rule(
        "facebook",
        "content_click",
        click_ids="fbclid ctwa_clid",
        names="facebook fb meta facebook_ads fb_ads meta_ads",
        brands="facebook",
        hosts="fb.com fb.me fb.watch com.facebook.katana com.facebook.lite",
    ),
    Rule("threads", "content_click", names="threads", hosts="threads.net threads.com com.instagram.barcelona"),
    Rule(
        "pinterest",
        "content_click",
        "pin",
        click_ids="epik",
        names="pinterest pin pinterest_ads",
        brands="pinterest",
        hosts="pin.it com.pinterest",
    ),
    Rule(
        "snapchat",
        "content_click",
        ad_ids="sclid sccid",
        names="snapchat snap",
        brands="snapchat",
        hosts="com.snapchat.android",
    ),
    Rule("x", "content_click", ad_ids="twclid", names="twitter x", hosts="t.co x.com twitter.com com.twitter.android"),
    Rule(
        "linkedin",
        "content_click",
        ad_ids="li_fat_id",
        names="linkedin",
        hosts="linkedin.com lnkd.in com.linkedin.android",
        title="LinkedIn",
    ),
    Rule(
        "forum",
        names="reddit quora forum",
        media="forum",
        hosts="reddit.com redd.it quora.com stackexchange.com jeuxvideo.com dealabs.com hotukdeals.com"
        " com.reddit.frontpage",
    ),
    Rule(
        "social",
        "content_click",
        "profile",
        names="linktree linkinbio link_in_bio",
        hosts="linktr.ee beacons.ai bio.site lnk.bio linkin.bio campsite.bio taplink.cc msha.ke",
        title="Other networks",
    ),
    Rule(
        "social",
        "content_click",
        names="social social_media bluesky mastodon twitch tumblr vk wechat weibo",
        media="social social-media social_media social-network sm organic_social organic-social paid_social paid-social"
        " paidsocial influencer creator",
        hosts="bsky.app mastodon.social twitch.tv tumblr.com vk.com weibo.com xiaohongshu.com",
    ),
    Rule(
        "search",
        "search_click",
        ad_ids="gclid gbraid wbraid msclkid",
        names="google bing yahoo duckduckgo ecosia qwant baidu yandex naver brave google_ads googleads adwords",
        media="organic cpc ppc paid_search paidsearch paid-search sem search shopping",
        brands="google bing yahoo yandex",
        hosts="duckduckgo.com ecosia.org qwant.com baidu.com naver.com search.brave.com startpage.com"
        " com.google.android.googlequicksearchbox",
    ),
    Rule("display", names="criteo taboola outbrain dv360", media="display banner cpm native retargeting"),
    Rule("shop", names="pos store", media="offline qr qr_code qrcode print flyer"),
    Rule("referral", media="referral link"),
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


OWN_CLICK = "jclid"
"""Set by the product's own links."""
JOINED_CLICKS = frozenset({"click_id", OWN_CLICK})
"""Click ids that are also told by themselves: by WhatsApp, of its marketing messages, and by the product's own links.
Others speak for a channel."""
CAMPAIGN = frozenset(("utm_source", "utm_medium", "utm_campaign", "utm_content"))
CART_ORIGIN = "cart_origin"
# https://developers.facebook.com/docs/commerce-platform/setup-checkout-url: where the cart was filled
CART_ORIGINS = {"instagram": "instagram", "facebook": "facebook", "meta_shops": "facebook"}
PAID_MEDIA = _words(
    """
    ad ads cpa cpc cpm ppc paid paid_social paid-social paidsocial paid_search paid-search paidsearch sem display
    retargeting
    """
)
"""Values of utm_medium that say that the click was paid for."""
DELIVERY = frozenset(("email", "messaging", "affiliate", "mobile", "shop"))
"""Channels whose medium decides, whatever the source is called: it says how the link reached the person."""
FAMILY = {
    "facebook": frozenset(("instagram", "threads", "messaging")),
    "search": frozenset(("youtube", "display", "email")),
}
"""Click ids are shared by all that one company runs: other marks may say which of it was meant."""
LED_BY = {"meta_ads": ("facebook", "instagram", "threads"), "google_ads": ("search", "youtube", "display")}
"""Platform whose ads run in several channels, or in one of another name -> these."""
NO_ORIGIN = _words(
    """
    paypal.com stripe.com klarna.com afterpay.com adyen.com mollie.com sumup.com 3ds.com accounts.google.com
    shopify.com myshopify.com shopifypreview.com
    """
)
"""Hosts that a visitor is sent back from in the midst of buying."""
SURFACES = {
    **dict.fromkeys(("story", "stories", "ig_story"), "story"),
    **dict.fromkeys(("reel", "reels"), "reel"),
    **dict.fromkeys(("feed", "post"), "feed"),
    **dict.fromkeys(("profile", "bio", "link_in_bio", "linkinbio"), "profile"),
    **{name: name for name in ("live", "video", "pin", "shop_tab")},
}
"""Words in utm_medium or utm_content that name a surface."""
