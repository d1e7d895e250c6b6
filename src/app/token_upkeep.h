// What tokens need now and then, off the path of requests.
#pragma once

#include "directory/directory.h"
#include "tokens/refresh_service.h"

namespace agentauth::app {

class TokenUpkeep {
 public:
  struct Work {
    Directory& directory;
    RefreshService& refresh_tokens;
    const Clock& clock;  // one that does not run ahead: what is forgotten too early works again
    Seconds token_lifetime;
  };
  explicit TokenUpkeep(const Work& work) : work_(work) {}

  // Of revoked families the directory keeps those whose access tokens may still live.
  void forget_families();
  // That, and a batch of rows that are of no use any more; says whether there is more to do.
  Result<bool> run_batch();

 private:
  const Work work_;
};

}  // namespace agentauth::app
