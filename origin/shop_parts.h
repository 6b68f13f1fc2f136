#pragma once
// Pieces that several pages and the API of the shop share. HTML that is ready to be put into a
// page.

#include <string>

#include "origin/shop.h"

namespace brink::origin {

std::string shop_card_html(const ShopState& shop, const ShopProduct& product);  // an <li>
std::string shop_product_html(const ShopState& shop,
                              const ShopProduct& product);  // the page's inside
std::string shop_product_tags(const ShopProduct& product);  // "product-7 category-2 shop"

// Sets the price that the request names: ?price=12.50, price=12.50 in a form, {"price":12.50}; one
// more than before when it names none. False: the price makes no sense, nothing changed.
bool shop_change_price(const DemoRequest& request, ShopState& shop, const ShopProduct& product);
// The answer to a successful change: not to be stored, and it names what is outdated (RFC 9875).
void shop_mark_change(DemoReply& reply, const ShopProduct& product);

}  // namespace brink::origin
