"""The persons on an order, in clear: these are the values that must never be found in what a reader keeps."""

from __future__ import annotations

from jalon.sandbox.shopify.history import Entry, lot
from jalon.sandbox.shopify.journey import Tree, instant
from jalon.sandbox.world import Shopper, World

ALIAS_CUSTOMER = 9_100_000_000_000
"""Customers that the copying app made up start here."""


def buyer(world: World, entry: Entry) -> Shopper:
    """Return who bought, as the shop knows them: a copied order has an alias in place of the person."""
    shopper = world.shoppers[entry.sale.shopper]
    if not entry.copied:
        return shopper
    return Shopper(
        id=shopper.id,
        email=f"v4b{lot(f'alias {shopper.tiktok_user_id}', 36**6):x}@scs.tiktokw.us",
        phone="",
        first_name="TikTok",
        last_name="Order",
        tiktok_user_id=shopper.tiktok_user_id,
        shopify_customer_id=str(ALIAS_CUSTOMER + entry.number),
        intent=shopper.intent,
    )


def customer(person: Shopper, entry: Entry) -> Tree:
    """Return the `Customer` of an order."""
    return {
        "__typename": "Customer",
        "id": f"gid://shopify/Customer/{person.shopify_customer_id}",
        "legacyResourceId": person.shopify_customer_id,
        "email": person.email,
        "phone": person.phone or None,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "displayName": f"{person.first_name} {person.last_name}",
        "defaultEmailAddress": {"emailAddress": person.email},
        "defaultPhoneNumber": {"phoneNumber": person.phone} if person.phone else None,
        "numberOfOrders": str(entry.customer_order_index + 1),
        "createdAt": instant(entry.created_at),
        "updatedAt": instant(entry.created_at),
    }


def address(person: Shopper, entry: Entry) -> Tree:
    """Return the `MailingAddress` of an order; a copied one has been masked by the platform."""
    return {
        "id": f"gid://shopify/MailingAddress/{31_000_000_000_000 + entry.number}?model_name=Address",
        "firstName": person.first_name,
        "lastName": person.last_name,
        "name": f"{person.first_name} {person.last_name}",
        "address1": "***" if entry.copied else f"{lot(person.id, 200) + 1} rue {person.last_name}",
        "address2": None,
        "city": "New York" if entry.copied else "Lyon",
        "company": None,
        "countryCodeV2": "US" if entry.copied else "FR",
        "formattedArea": "New York NY, United States" if entry.copied else "Lyon, France",
        "phone": person.phone or None,
        "zip": "10001" if entry.copied else "69001",
    }
