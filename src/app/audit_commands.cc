#include "app/audit_commands.h"

#include <fstream>
#include <limits>

#include "app/client_commands.h"
#include "app/since.h"
#include "app/stored_trail.h"
#include "app/wiring.h"
#include "audit/lines.h"
#include "audit/verification.h"

namespace agentauth::app {
namespace {

using audit::Checkpoint;
using audit::Purpose;
using audit::Verification;

Result<Ed25519PublicKey> trusted_key(const CommandLine& line, const Options& options,
                                     Database* database) {
  if (const auto text = line.argument("public-key")) return audit::parse_public_key(*text);
  auto signer = load_signer(options, database);
  if (!signer) signer.error().message += ", or say --public-key";
  return TRY(std::move(signer))->public_key();
}

// Each line of a file, as what it is.
Result<void> each_line(const std::string& path,
                       FunctionRef<Result<void>(const audit::Line&)> visit) {
  std::ifstream file(path);
  if (!file) return failure(Errc::invalid_argument, "cannot read " + path);
  std::string text;
  for (std::size_t number = 1; std::getline(file, text); ++number) {
    if (text.empty()) continue;
    const auto line = audit::parse_line(text);
    if (!line)
      return failure(Errc::conflict, path + " line " + std::to_string(number) +
                                         ": neither an event nor a checkpoint");
    TRY(visit(*line));
  }
  return {};
}

// What GET /audit/checkpoint answered, kept elsewhere: one a line, or one alone.
Result<void> read_checkpoints(const std::string& path, std::vector<Checkpoint>& out) {
  return each_line(path, [&](const audit::Line& line) -> Result<void> {
    if (const auto* checkpoint = std::get_if<Checkpoint>(&line)) out.push_back(*checkpoint);
    return {};
  });
}

Result<Verification> verify_file(const std::string& path, std::vector<Checkpoint> checkpoints,
                                 const Ed25519PublicKey& key) {
  TRY(read_checkpoints(path, checkpoints));
  Verification verification = TRY(Verification::create(std::move(checkpoints), key));
  TRY(each_line(path, [&](const audit::Line& line) -> Result<void> {
    const auto* event = std::get_if<AuditEvent>(&line);
    return event != nullptr ? verification.add(*event) : Result<void>{};
  }));
  TRY(verification.finish());
  return verification;
}

void print_report(const Verification::Report& report, bool json, std::ostream& out) {
  std::string text;
  if (json) {
    JsonWriter writer(text);
    writer.open();
    writer.member("events", report.events);
    writer.member("first", report.first);
    writer.member("last", report.last);
    writer.member("signed_up_to", report.signed_up_to);
    writer.close();
  } else {
    text = "verified " + std::to_string(report.events) + " events";
    if (report.events > 0)
      text += ", " + std::to_string(report.first) + " to " + std::to_string(report.last);
    text += report.signed_up_to > 0
                ? "; signed up to " + std::to_string(report.signed_up_to)
                : "; no checkpoint has signed any of them: compare with one kept elsewhere";
  }
  out << text << '\n';
}

std::optional<Timestamp> time_argument(const CommandLine& line, std::string_view name) {
  const auto text = line.argument(name);
  return text ? parse_rfc3339(*text) : std::nullopt;
}

std::optional<Timestamp> since_argument(const CommandLine& line) {
  const auto text = line.argument("since");
  return text ? parse_since(*text, SystemClock().now()) : std::nullopt;
}

// Writes the events of a stretch of time, without a gap, so that they verify by themselves.
class Exporter {
 public:
  Exporter(const CommandLine& line, std::int64_t last, const audit::Signer& signer,
           std::ostream& out)
      : ocsf_(line.argument("format") == "ocsf"),
        since_(since_argument(line)),
        last_(last),
        signer_(signer),
        out_(out) {}

  void write(const AuditEvent& event, const AuditHead& before) {
    if (event.sequence > last_ || (!begun_ && since_ && event.at < *since_)) return;
    std::string text;
    if (!begun_ && before.sequence > 0) append(Purpose::start, before, text);
    begun_ = true;
    end_ = {event.sequence, event.hash};
    ocsf_ ? audit::append_ocsf_line(event, text) : audit::append_line(event, text);
    out_ << text;
  }

  // REQUIRES: everything was verified.
  void finish() {
    if (!begun_) return;
    std::string text;
    append(Purpose::checkpoint, end_, text);
    out_ << text;
  }

 private:
  void append(Purpose purpose, const AuditHead& head, std::string& text) {
    if (ocsf_) return;  // it has no words for that
    audit::append_line(signer_.sign(purpose, head, SystemClock().now()), text);
  }

  const bool ocsf_;
  const std::optional<Timestamp> since_;
  const std::int64_t last_;
  const audit::Signer& signer_;
  std::ostream& out_;
  bool begun_ = false;
  AuditHead end_;
};

}  // namespace

Result<int> verify_audit(const CommandLine& line, const Options& options, std::ostream& out) {
  std::vector<Checkpoint> checkpoints;
  if (const auto path = line.argument("checkpoint")) TRY(read_checkpoints(*path, checkpoints));
  if (const auto path = line.argument("file")) {
    const Ed25519PublicKey key = TRY(trusted_key(line, options, nullptr));
    const auto verified = TRY(verify_file(*path, std::move(checkpoints), key));
    print_report(verified.report(), line.wants_json(), out);
    return exit_done;
  }
  const auto database = TRY(open_existing_database(options));
  const Ed25519PublicKey key = TRY(trusted_key(line, options, database.get()));
  const auto verified = TRY(verify_stored_trail(*database, std::move(checkpoints), key,
                                                [](const AuditEvent&, const AuditHead&) {}));
  print_report(verified.report(), line.wants_json(), out);
  return exit_done;
}

Result<int> export_audit(const CommandLine& line, const Options& options, std::ostream& out) {
  const auto database = TRY(open_existing_database(options));
  const auto signer = TRY(load_signer(options, database.get()));
  std::int64_t last = std::numeric_limits<std::int64_t>::max();
  if (const auto until = time_argument(line, "until"))
    last = TRY(database->read([&](Transaction& tx) { return tx.audit().last_before(*until); }));
  Exporter exporter(line, last, *signer, out);
  TRY(verify_stored_trail(
      *database, {}, signer->public_key(),
      [&](const AuditEvent& event, const AuditHead& before) { exporter.write(event, before); }));
  exporter.finish();
  return exit_done;
}

}  // namespace agentauth::app
