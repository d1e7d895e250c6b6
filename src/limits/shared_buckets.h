// What all nodes of a deployment know together about the buckets of limits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "limits/bucket_table.h"

namespace agentauth {

class SharedBuckets {
 public:
  struct Answer {
    // How far in debt each charged bucket is now, by all nodes together, in their order.
    std::vector<std::int64_t> debts_ns;
    std::int64_t nodes = 1;  // that have been heard of lately, this one included
  };

  virtual ~SharedBuckets() = default;

  // Charges all of them, in one step. Without any it says that this node lives. May block for a
  // while: never on the way of a request. Errors: unavailable.
  virtual Result<Answer> charge(std::span<const BucketTable::Charge> charges) = 0;
};

}  // namespace agentauth
