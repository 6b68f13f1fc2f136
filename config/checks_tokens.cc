// The admin API's tokens and where their secrets come from.

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "config/checks.h"
#include "config/file_text.h"
#include "config/names.h"
#include "config/suggest.h"

namespace brink::config {

namespace {

constexpr std::size_t kShortSecret = 16;

bool is_open_to_others(const std::string& file) {
  struct stat status {};
  return stat(file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

// What a bearer token may hold (RFC 6750 §2.1); anything else could never be sent.
bool is_token(std::string_view secret) {
  return std::all_of(secret.begin(), secret.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

void check_token_sites(const CheckContext& context, const std::vector<std::string>& sites,
                       const std::string& path) {
  if (!context.findings.is_clean("sites") || !context.findings.is_clean(path)) return;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    if (sites[i] != "*") check_site_name(context, sites[i], item_path(path, i));
  }
}

void judge_secret(const CheckContext& context, const std::string& source, const std::string& path,
                  const std::string& secret) {
  if (!is_token(secret)) {
    context.error(
        path, fmt::format("the secret in {} holds white space or characters that cannot be sent; "
                          "use printable ASCII (check for a line end)",
                          source));
  } else {
    check_secret_length(context, source, path, secret);
  }
}

// One line end at the file's end is its own.
void read_secret_file(const CheckContext& context, std::string& file, const std::string& path,
                      std::string& secret) {
  file = resolve_beside(context.file, file);
  FileText text = read_file(file, /*only_regular=*/true);
  if (!text.problem.empty()) {
    return context.error(path, fmt::format("{} {}", quote(file), text.problem));
  }
  if (text.text.ends_with('\n')) text.text.pop_back();
  if (text.text.empty()) {
    return context.error(path, fmt::format("{} is empty; it must hold the token's secret", quote(file)));
  }
  if (is_open_to_others(file)) {
    context.warning(path, fmt::format("{} can be read by every user of this machine; chmod 600 "
                                      "keeps the secret",
                                      quote(file)));
  }
  secret = std::move(text.text);
  judge_secret(context, quote(file), path, secret);
}

// From the variable or the file. Returns the path of the key that names it.
std::string read_secret(const CheckContext& context, AdminToken& token, const std::string& path) {
  const std::string variable = child_path(path, "token_env");
  const std::string file = child_path(path, "token_file");
  const bool is_clean = context.findings.is_clean(variable) && context.findings.is_clean(file);
  if (is_clean && token.token_env.empty() == token.token_file.empty()) {
    context.error(path, token.token_env.empty()
                            ? "needs token_env or token_file, where the secret is"
                            : "has both token_env and token_file; one of them holds the secret");
  } else if (is_clean && !token.token_file.empty()) {
    read_secret_file(context, token.token_file, file, token.secret);
  } else if (is_clean) {
    read_token_secret(context, token.token_env, variable, token.secret);
  }
  return token.token_file.empty() ? variable : file;
}

}  // namespace

void check_site_name(const CheckContext& context, const std::string& name,
                     const std::string& path) {
  std::vector<std::string_view> names;
  for (const SiteOptions& site : context.options.sites)
    names.push_back(site.name);
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  const std::string_view meant = closest(name, names);
  context.error(path, fmt::format("no site is named {}{}", quote(name),
                                  meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
}

void check_secret_length(const CheckContext& context, const std::string& source,
                         const std::string& path, const std::string& secret) {
  if (secret.size() >= kShortSecret) return;
  context.warning(
      path, fmt::format("the secret in {} is short; use at least {} random characters, as from: "
                        "openssl rand -hex 32",
                        source, kShortSecret));
}

void check_holder(const CheckContext& context, const std::string& name,
                  const std::vector<std::string>& sites, const std::string& path) {
  check_token_sites(context, sites, child_path(path, "sites"));
  const auto& tokens = context.options.admin.tokens;
  if (std::any_of(tokens.begin(), tokens.end(), [&](const auto& t) { return t.name == name; })) {
    context.error(child_path(path, "name"),
                  fmt::format("{} is a token's name already; the audit log could not tell the two "
                              "apart",
                              quote(name)));
  }
}

void check_tokens(const CheckContext& context) {
  std::map<std::string, std::size_t> by_name;
  std::map<std::string, std::size_t> by_secret;
  auto& tokens = context.options.admin.tokens;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string path = item_path("admin.tokens", i);
    check_token_sites(context, tokens[i].sites, child_path(path, "sites"));
    const std::string secret_path = read_secret(context, tokens[i], path);
    if (!tokens[i].secret.empty() && !by_secret.try_emplace(tokens[i].secret, i).second) {
      context.error(
          secret_path,
          fmt::format("the secret is that of admin.tokens[{}] too; each token needs its own",
                      by_secret[tokens[i].secret]));
    }
    if (!context.findings.is_clean(child_path(path, "name"))) continue;
    if (!by_name.try_emplace(tokens[i].name, i).second) {
      context.error(child_path(path, "name"),
                    fmt::format("{} is the name of admin.tokens[{}] already", quote(tokens[i].name),
                                by_name[tokens[i].name]));
    }
  }
}

void read_token_secret(const CheckContext& context, const std::string& variable,
                       const std::string& path, std::string& secret) {
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr || *value == '\0') {
    context.error(path,
                  fmt::format("the environment variable {} is {}; it must hold the token's secret",
                              variable, value == nullptr ? "not set" : "empty"));
    return;
  }
  secret = value;
  judge_secret(context, variable, path, secret);
}

}  // namespace brink::config
