#pragma once
// What the purge API's answers look like (DESIGN.md section 6).

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "purge/service.h"

namespace brink::purge {

// A purge, or a dry run.
boost::json::object purge_object(const Record& record, std::uint64_t sequence, bool is_done,
                                 const std::vector<NodeReceipt>& receipts);
// The same with what was asked for, who asked and why.
boost::json::object known_object(const Service::Known& known);
boost::json::object version_object(const std::string& site, const SiteVersion& version,
                                   const std::vector<NodeReceipt>& receipts);
std::string text_of(const boost::json::object& object);  // one line

}  // namespace brink::purge
