#include "app/run.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "app/audit_commands.h"
#include "app/backup_commands.h"
#include "app/casbin_import.h"
#include "app/client_call.h"
#include "app/client_commands.h"
#include "app/command_line.h"
#include "app/completion.h"
#include "app/doctor.h"
#include "app/help.h"
#include "app/http_client.h"
#include "app/option_table.h"
#include "app/option_values.h"
#include "app/policy_commands.h"
#include "app/reference.h"
#include "app/serve.h"
#include "app/signing_key_commands.h"
#include "app/text_table.h"
#include "app/version.h"
#include "base/json.h"
#include "crypto/master_key.h"
#include "http/trace_context.h"

namespace agentauth::app {
namespace {

struct Streams {
  std::ostream& out;
  std::ostream& error;
};

Result<int> show_help(const CommandLine& line, std::ostream& out) {
  std::vector<std::string> words = line.positionals;
  if (words.empty()) {
    out << help_overview();
    return exit_done;
  }
  if (words.front() == "reference") {
    const ReferencePage* page = words.size() == 2 ? find_reference_page(words[1]) : nullptr;
    if (page) {
      out << page->text();
      return exit_done;
    }
    if (words.size() > 1)
      return failure(Errc::invalid_argument, "there is no reference page \"" + words[1] +
                                                 "\"; see agentauth help reference");
    out << "Reference pages, in Markdown:\n\n";
    for (const ReferencePage& known : reference_pages())
      out << "  agentauth help reference " << known.name << "   " << known.about << '\n';
    return exit_done;
  }
  std::string name = words.front();
  for (std::size_t i = 1; i < words.size(); ++i) name += ' ' + words[i];
  if (const Command* found = find_command(name)) {
    out << help_for(*found);
  } else if (const CommandGroup* group = find_command_group(name)) {
    out << help_for(*group);
  } else {
    return failure(Errc::invalid_argument,
                   "there is no command \"" + name + "\"; see agentauth help");
  }
  return exit_done;
}

int show_configuration(const CommandLine& line, const Configuration& configuration,
                       std::ostream& out) {
  if (!line.wants_json()) {
    TextTable table(out);
    for (const std::string_view heading : {"OPTION", "VALUE", "FROM"}) table.add_column(heading);
    for (const Setting& setting : configuration.settings)
      table.add({std::string(setting.option->name), setting.shown.empty() ? "-" : setting.shown,
                 setting.origin});
    table.print();
    return exit_done;
  }
  std::string text;
  JsonWriter writer(text);
  writer.open();
  writer.name("options");
  writer.open_array();
  for (const Setting& setting : configuration.settings) {
    writer.open();
    writer.member("name", setting.option->name);
    writer.name("value");
    setting.shown.empty() ? writer.null() : writer.text(setting.shown);
    writer.member("source", setting.origin);
    writer.close();
  }
  writer.close_array();
  writer.close();
  out << text << '\n';
  return exit_done;
}

Result<int> run_admin_create(const CommandLine& line, const Options& options, Streams streams) {
  const CreatedAdministrator created =
      TRY(create_administrator(options, line.positionals[0], *line.argument("email")));
  std::ostream& out = streams.out;
  const std::string database = printable(mask_url_password(options.database));
  if (created.made_database) {
    streams.error << "agentauth: made a new database, " << database
                  << "; a server on another one does not know this administrator\n";
  } else {
    streams.error << "agentauth: a server that runs on this database knows the key now\n";
  }
  if (!line.wants_json()) {
    // The database is named because its default depends on the folder this runs in.
    out << "agent_id  " << created.agent_id << "\napi_key   " << created.api_key << "\ndatabase  "
        << database << '\n';
    return exit_done;
  }
  std::string text;
  JsonWriter writer(text);
  writer.open();
  writer.member("agent_id", created.agent_id);
  writer.member("api_key", created.api_key);
  writer.close();
  out << text << '\n';
  return exit_done;
}

Result<int> import_policy(const CommandLine& line, std::ostream& out) {
  const std::string model = TRY(read_text_file(*line.argument("model"), policy_bytes_max));
  const std::string policy = TRY(read_text_file(line.positionals[0], policy_bytes_max));
  const std::string document = TRY(convert_casbin(model, policy)) + '\n';
  if (const auto path = line.argument("out")) {
    TRY(write_text_file(*path, document));
  } else {
    out << document;
  }
  return exit_done;
}

Result<int> run_migrate(const CommandLine& line, const Options& options, std::ostream& out) {
  const int reached = TRY(migrate(options));
  if (line.wants_json()) {
    out << "{\"schema_version\":" << reached << "}\n";
  } else {
    out << "schema version " << reached << '\n';
  }
  return exit_done;
}

// As a job scheduler or a shell that traces leaves it for what it starts; empty unless it is valid.
std::string traceparent_of(const Environment& environment) {
  const auto found = environment.find("TRACEPARENT");
  const bool is_valid = found != environment.end() && http::parse_traceparent(found->second);
  return is_valid ? found->second : "";
}

Result<int> run_over_http(const CommandLine& line, const Options& options, std::ostream& out) {
  const auto transport =
      TRY(create_http_client({*ServerUrl::parse(options.server), options.ca_file, options.timeout,
                              traceparent_of(options.inputs->environment)}));
  return run_client_command(line, options, *transport, out);
}

// A search that is asked about nothing in particular finds nothing of what is granted on a
// resource: whoever reads the list is told. JSON is for programs.
void say_what_is_not_shown(const CommandLine& line, std::ostream& error) {
  const bool asks_who = line.command->id == CommandId::policy_who_can;
  if (line.wants_json() || (!asks_who && line.command->id != CommandId::policy_what_can)) return;
  if (asks_who && !line.flags.contains("type"))
    error << "agentauth: agents only; name another type for others: --type user\n";
  if (line.positionals.size() < 2)
    error << "agentauth: without a RESOURCE, grants on resources do not count; name one: "
          << "city:berlin\n";
}

Form form_of(const CommandLine& line) { return line.wants_json() ? Form::json : Form::text; }

// Commands that need no options.
std::optional<Result<int>> run_plain(const CommandLine& line, std::ostream& out) {
  switch (line.command->id) {
    case CommandId::help:
      return show_help(line, out);
    case CommandId::version:
      out << "agentauth " << version() << '\n';
      return exit_done;
    case CommandId::completion:
      out << (line.positionals[0] == "bash" ? bash_completion() : zsh_completion());
      return exit_done;
    default:
      return std::nullopt;
  }
}

Result<int> run_command(const CommandLine& line, const Configuration& configuration,
                        Streams streams) {
  const Options& options = configuration.options;
  std::ostream& out = streams.out;
  switch (line.command->id) {
    case CommandId::serve:
      return serve(configuration);
    case CommandId::admin_create:
      return run_admin_create(line, options, streams);
    case CommandId::migrate:
      return run_migrate(line, options, out);
    case CommandId::doctor:
      return report_findings(examine(options, SystemClock()), form_of(line), out);
    case CommandId::audit_verify:
      return verify_audit(line, options, out);
    case CommandId::audit_export:
      return export_audit(line, options, out);
    case CommandId::signing_key_list:
      return list_signing_keys(line, options, out, streams.error);
    case CommandId::signing_key_rotate:
      return rotate_signing_key(line, options, out);
    case CommandId::signing_key_adopt:
      return adopt_signing_key(line, options, out);
    case CommandId::backup:
      return backup_database(line, options, out);
    case CommandId::restore:
      return restore_database(line, options, out, streams.error);
    case CommandId::policy_import:
      return import_policy(line, out);
    case CommandId::config:
      return show_configuration(line, configuration, out);
    default: {
      const int code = TRY(run_over_http(line, options, out));
      say_what_is_not_shown(line, streams.error);
      return code;
    }
  }
}

// The server says so in its log.
void warn_of_secrets_in_flags(const Configuration& configuration, std::ostream& error) {
  if (configuration.options.inputs->command == CommandId::serve) return;
  for (const std::string& name : secrets_in_flags(configuration))
    error << "agentauth: whoever lists processes can read " << name << ": use " << name
          << "-file\n";
}

// Only says so: the key is the caller's, and a pipe or a device has no mode that matters.
void warn_of_an_open_key_file(const Configuration& configuration, std::ostream& error) {
  if (!is_client_command(configuration.options.inputs->command)) return;
  for (const Setting& setting : configuration.settings) {
    if (setting.option->name != "api-key" || setting.file.empty()) continue;
    struct stat status {};
    if (::stat(setting.file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (is_private_file(status.st_mode, status.st_uid, ::geteuid())) continue;
    error << "agentauth: others may read the key in " << printable(setting.file)
          << ": run chmod 600 on it\n";
  }
}

// Libraries write further lines for people at their own prompts; the first says what is wrong.
std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

int report(const Error& failed, std::ostream& error) {
  error << "agentauth: " << printable(failed.message);
  // Who runs a command is who would read the log.
  if (!failed.detail.empty()) error << ": " << printable(first_line(failed.detail));
  std::string_view separator = ": ";
  for (const FieldError& field : failed.fields) {
    error << separator << printable(field.field) << ' ' << printable(field.message);
    separator = "; ";
  }
  error << '\n';
  return exit_failed;
}

int report_usage(const Error& failed, std::ostream& error) {
  report(failed, error);
  return exit_usage;
}

// A file that is told and cannot be read is no slip of the command line.
int report_refused(const Error& refused, std::ostream& error) {
  return refused.code == Errc::unavailable ? report(refused, error) : report_usage(refused, error);
}

}  // namespace

int run(const std::vector<std::string>& arguments, Environment environment, std::ostream& out,
        std::ostream& error) {
  const auto line = parse_command_line(arguments);
  if (!line) return report_usage(line.error(), error);
  Result<int> code = exit_done;
  if (auto plain = run_plain(*line, out)) {
    code = std::move(*plain);
    if (!code) return report_usage(code.error(), error);
  } else {
    const auto configuration =
        resolve_options({line->command->id, line->flags, std::move(environment)});
    if (configuration) {
      warn_of_secrets_in_flags(*configuration, error);
      warn_of_an_open_key_file(*configuration, error);
    }
    const bool is_doctor = line->command->id == CommandId::doctor;
    if (!configuration && !is_doctor) return report_refused(configuration.error(), error);
    code = configuration
               ? run_command(*line, *configuration, {out, error})
               : report_findings(refused_options(configuration.error()), form_of(*line), out);
  }
  if (code && !out.flush()) {
    error << "agentauth: could not write the output\n";
    return exit_failed;
  }
  if (code) return *code;
  report(code.error(), error);
  // Fields are the command's own words: a name that is too long, an address that is none.
  if (!is_client_command(line->command->id))
    return code.error().fields.empty() ? exit_failed : exit_usage;
  return code.error().code == Errc::unavailable        ? exit_unreachable
         : code.error().code == Errc::invalid_argument ? exit_usage
                                                       : exit_failed;
}

}  // namespace agentauth::app
