// The tables of node, listen, limits and admin.

#include <array>

#include "config/options.h"
#include "config/schema_binding.h"

namespace brink::config {

namespace {

constexpr double kKiB = 1024;
constexpr double kMiB = 1024 * kKiB;
constexpr double kTiB = 1024 * 1024 * kMiB;
constexpr double kSecondMs = 1000;
constexpr double kHourMs = 3600 * kSecondMs;

constexpr std::array<std::string_view, 2> kRoles = {"edge", "regional"};
constexpr std::array<std::string_view, 3> kRights = {"read", "purge", "operate"};

constexpr Key kNodeKeys[] = {
    leaf<&NodeOptions::name>(
        "name", Type::Name, "brink",
        "This node's name in Cache-Status, Via and metrics. Unique in the deployment."),
    leaf<&NodeOptions::pop>("pop", Type::Name, "local",
                            "The point of presence this node stands in."),
    leaf<&NodeOptions::role>("role", Type::Choice, "edge",
                             "An edge answers clients and may ask regional nodes; a regional node "
                             "answers edges and asks the "
                             "origin. Both have the same cache.")
        .among(kRoles),
    leaf<&NodeOptions::workers>(
        "workers", Type::Count, "0",
        "Threads that serve requests, each with its own connections. 0 means one per core.")
        .also_called("threads worker_processes")
        .between(0, 256),
    leaf<&NodeOptions::shutdown_grace>("shutdown_grace", Type::Duration, "30s",
                                       "How long requests in flight may take to finish after "
                                       "SIGTERM; then their connections are closed.")
        .between(0, kHourMs),
    leaf<&NodeOptions::peers>(
        "peers", Type::Cidr, "[127.0.0.0/8, \"::1/128\"]",
        "Networks of the edges that this node believes: only from there are a client's address and "
        "other fields between Brink nodes taken over.")
        .list(),
};

constexpr Key kListenKeys[] = {
    leaf<&ListenOptions::address>(
        "address", Type::ListenAddress, "0.0.0.0:8080",
        "IP address and port to accept clients on. Port 0 takes any free one.")
        .also_called("port bind")
        .required(),
    branch<&ListenOptions::tls>(
        "tls", Type::Map, kTlsSection,
        "Makes this listener speak TLS, with HTTP/1.1 or HTTP/2 as the client asks by ALPN.")
        .also_called("ssl https")
        .example_is("{certificate: cert.pem, key: key.pem}"),
    leaf<&ListenOptions::http2>(
        "http2", Type::Boolean, "true",
        "HTTP/2 beside HTTP/1.1: by ALPN with TLS, for clients that begin with it without TLS.")
        .also_called("h2"),
    leaf<&ListenOptions::h2c_upgrade>(
        "h2c_upgrade", Type::Boolean, "false",
        "Without TLS, also switch to HTTP/2 when a request says Upgrade: h2c. Not behind a proxy "
        "that passes Upgrade on: what follows would pass it unseen.")
        .also_called("h2c"),
    leaf<&ListenOptions::proxy_protocol>(
        "proxy_protocol", Type::Cidr, "",
        "Networks of the load balancers whose connections begin with a PROXY header, version 1 or 2: "
        "there it is required, and names the client. Connections from elsewhere are served without "
        "one.")
        .also_called("proxy accept_proxy send_proxy")
        .list(),
};

constexpr Key kHttp2Keys[] = {
    leaf<&Http2Limits::streams>("streams", Type::Count, "128",
                                "Requests of one connection at once. A further one is refused with "
                                "REFUSED_STREAM, to be sent again; from a client that has agreed "
                                "to the number it ends the connection.")
        .between(1, 10'000),
    leaf<&Http2Limits::resets>("resets", Type::Count, "200",
                               "Streams that a client resets, or makes this node reset by breaking "
                               "the protocol.")
        .between(1, 1'000'000),
    leaf<&Http2Limits::pings>("pings", Type::Count, "100", "PING frames.").between(1, 1'000'000),
    leaf<&Http2Limits::settings>("settings", Type::Count, "50", "SETTINGS frames.")
        .between(1, 1'000'000),
    leaf<&Http2Limits::priorities>("priorities", Type::Count, "1000",
                                   "PRIORITY and PRIORITY_UPDATE frames.")
        .between(1, 1'000'000),
    leaf<&Http2Limits::empty_frames>("empty_frames", Type::Count, "100",
                                     "Frames without content that do not end anything.")
        .between(1, 1'000'000),
    leaf<&Http2Limits::window_updates>(
        "window_updates", Type::Count, "1000",
        "WINDOW_UPDATE frames beyond ten for each DATA frame that was sent.")
        .between(1, 1'000'000),
    leaf<&Http2Limits::continuations>("continuations", Type::Count, "8",
                                      "CONTINUATION frames of one request head, whatever the time.")
        .between(0, 1'000),
};

const Section kHttp2Section{kHttp2Keys, fresh<Http2Limits>};

constexpr Key kLimitsKeys[] = {
    leaf<&ClientLimits::handshake_timeout>(
        "handshake_timeout", Type::Duration, "10s",
        "Time for a TLS handshake; then the connection is closed.")
        .between(1, kHourMs),
    leaf<&ClientLimits::handshakes_per_second>(
        "handshakes_per_second", Type::Count, "0",
        "TLS handshakes of this node per second, and how many may come at once; beyond it a "
        "connection is closed before its handshake. 0 means any number.")
        .also_called("ssl_rate maxsslrate")
        .between(0, 1'000'000),
    leaf<&ClientLimits::header_timeout>("header_timeout", Type::Duration, "10s",
                                        "Time for a whole request head to arrive; then 408.")
        .between(1, kHourMs),
    leaf<&ClientLimits::body_timeout>("body_timeout", Type::Duration, "30s",
                                      "Longest silence while a request body arrives; then 408.")
        .between(1, kHourMs),
    leaf<&ClientLimits::idle_timeout>("idle_timeout", Type::Duration, "75s",
                                      "How long a connection without a request is kept open.")
        .between(1, 24 * kHourMs),
    leaf<&ClientLimits::write_timeout>(
        "write_timeout", Type::Duration, "30s",
        "Longest time a client may take no byte of its response; then the connection is closed.")
        .between(1, kHourMs),
    leaf<&ClientLimits::slow_reader_timeout>(
        "slow_reader_timeout", Type::Duration, "10s",
        "How long a client may hold up others that read the same body as it passes, not stored; "
        "then its response is cut. Alone it may take its time, within write_timeout.")
        .between(1, kHourMs),
    leaf<&ClientLimits::header_bytes>("header_bytes", Type::Size, "32KiB",
                                      "Largest request head; beyond it 431.")
        .between(kKiB, kMiB),
    leaf<&ClientLimits::header_fields>("header_fields", Type::Count, "128",
                                       "Most fields in a request head; beyond it 431.")
        .between(8, 10'000),
    leaf<&ClientLimits::uri_bytes>("uri_bytes", Type::Size, "16KiB",
                                   "Longest request target; beyond it 414.")
        .between(64, kMiB),
    leaf<&ClientLimits::body_bytes>("body_bytes", Type::Size, "1GiB",
                                    "Largest request body; beyond it 413.")
        .between(0, 16 * kTiB),
    leaf<&ClientLimits::connections>("connections", Type::Count, "16384",
                                     "Most client connections of this node at once; beyond it 503.")
        .between(1, 10'000'000),
    leaf<&ClientLimits::connections_per_address>(
        "connections_per_address", Type::Count, "16384",
        "Most connections from one client address at once; beyond it 503.")
        .between(1, 10'000'000),
    leaf<&ClientLimits::requests_per_connection>(
        "requests_per_connection", Type::Count, "1000000",
        "Requests answered on one connection; the last answer says Connection: close, or GOAWAY.")
        .between(1, 1'000'000'000),
    branch<&ClientLimits::http2>(
        "http2", Type::Map, kHttp2Section,
        "What one HTTP/2 connection may do within ten seconds; beyond it the connection ends with "
        "GOAWAY and ENHANCE_YOUR_CALM.")
        .example_is("{streams: 128, resets: 200}"),
};

constexpr Key kTokenKeys[] = {
    leaf<&AdminToken::name>("name", Type::Name, "",
                            "Whose token it is: stands in logs instead of the secret.")
        .required(),
    leaf<&AdminToken::token_env>("token_env", Type::Variable, "",
                                 "The environment variable that holds the secret. Its name only: "
                                 "secrets never stand in this file.")
        .also_called("token secret password"),
    leaf<&AdminToken::token_file>("token_file", Type::File, "",
                                  "In place of token_env: a file with the secret, read again at "
                                  "each reload.")
        .also_called("secret_file password_file"),
    leaf<&AdminToken::may>(
        "may", Type::Choice, "",
        "What the holder may do: read state, purge, or operate (reload, drain and the like).")
        .among(kRights)
        .list()
        .required(),
    leaf<&AdminToken::sites>("sites", Type::SiteName, "[\"*\"]",
                             "Names of the sites the token holds for; \"*\" is all of them.")
        .list(),
    leaf<&AdminToken::rate>("rate", Type::Count, "1000",
                            "Requests per second with this token, and how many may come at once; "
                            "beyond it 429 with Retry-After.")
        .also_called("limit rps")
        .between(1, 1'000'000),
};

const Section kTokenSection{kTokenKeys, fresh<AdminToken>};

constexpr Key kClientCertificateKeys[] = {
    leaf<&AdminClientCertificate::name>("name", Type::Name, "",
                                        "Whose certificate it is: stands in logs.")
        .required(),
    leaf<&AdminClientCertificate::subject>(
        "subject", Type::EventValue, "",
        "The certificate's common name, or one of its alternative names (DNS, e-mail, URI).")
        .also_called("cn san common_name")
        .required(),
    leaf<&AdminClientCertificate::may>(
        "may", Type::Choice, "",
        "What the holder may do: read state, purge, or operate (reload, drain and the like).")
        .among(kRights)
        .list()
        .required(),
    leaf<&AdminClientCertificate::sites>(
        "sites", Type::SiteName, "[\"*\"]",
        "Names of the sites the certificate holds for; \"*\" is all of them.")
        .list(),
    leaf<&AdminClientCertificate::rate>(
        "rate", Type::Count, "1000",
        "Requests per second with this certificate, and how many may come at once; beyond it 429 "
        "with Retry-After.")
        .also_called("limit rps")
        .between(1, 1'000'000),
};

const Section kClientCertificateSection{kClientCertificateKeys, fresh<AdminClientCertificate>};

constexpr Key kAuditKeys[] = {
    leaf<&AuditOptions::enabled>("enabled", Type::Boolean, "true", "Whether there is one."),
    leaf<&AuditOptions::path>("path", Type::AbsoluteFile, "",
                              "The file. Default: audit-NAME.log (NAME: node.name) in the folder "
                              "of purge.path, where that can be written to; none elsewhere.")
        .also_called("file"),
    leaf<&AuditOptions::size>("size", Type::Size, "64MiB",
                              "Size at which a new file begins; the older ones are PATH.1, PATH.2 "
                              "and so on.")
        .between(1ULL << 20U, 1ULL << 40U),
    leaf<&AuditOptions::files>("files", Type::Count, "8",
                               "Files that are kept; the oldest goes when there are more.")
        .between(1, 1'000),
};

const Section kAuditSection{kAuditKeys, fresh<AuditOptions>};

constexpr Key kAdminKeys[] = {
    leaf<&AdminOptions::address>("address", Type::AdminAddress, "127.0.0.1:9901",
                                 "Where the REST API, the dashboard, /metrics, /healthz and "
                                 "/readyz answer; none turns them off."),
    branch<&AdminOptions::tokens>(
        "tokens", Type::Maps, kTokenSection,
        "Who may use the API. Without tokens and client_certificates anybody who reaches the "
        "address may, so it must then be a loopback address.")
        .example_is("[{name: ops, token_env: BRINK_ADMIN_TOKEN, may: [read, purge, operate]}]"),
    branch<&AdminOptions::client_certificates>(
        "client_certificates", Type::Maps, kClientCertificateSection,
        "Who else may use the API: clients whose certificate admin.tls.client_ca signed. A token "
        "that is sent counts instead.")
        .example_is("[{name: deploy, subject: deploy.example.com, may: [purge]}]"),
    branch<&AdminOptions::tls>("tls", Type::Map, kTlsSection,
                               "Makes the admin address speak TLS (HTTP/1.1).")
        .also_called("ssl https")
        .example_is("{certificate: cert.pem, key: key.pem}")
        .listed_under("listen[].tls"),
    branch<&AdminOptions::audit>("audit", Type::Map, kAuditSection,
                                 "Who did what through the API, as JSON lines in a hash chain.")
        .example_is("{path: /var/log/brink/audit.log}"),
};

}  // namespace

const Section kNodeSection{kNodeKeys, fresh<NodeOptions>};
const Section kListenSection{kListenKeys, fresh<ListenOptions>};
const Section kLimitsSection{kLimitsKeys, fresh<ClientLimits>};
const Section kAdminSection{kAdminKeys, fresh<AdminOptions>};

}  // namespace brink::config
