#include "server/doctor/finding.h"

#include <algorithm>
#include <iterator>

namespace session_gateway {
namespace {

constexpr FindingText kTexts[] = {
    {Finding::kNone, "none", "", "", ""},
    {Finding::kCredentialUnusable, "credential_unusable",
     "A file or variable that the configuration names holds what cannot be used.",
     "The text above names the setting and the reason. Passwords stand alone in their file; a key must "
     "belong to its "
     "certificate; certificates are PEM texts.",
     "The text above names the setting and the reason. QMC's export has client.pem, client_key.pem (when it "
     "is made with "
     "the secret key) and root.pem, or client.pfx with the password given there."},
    {Finding::kUnknownHost, "unknown_host",
     "No name service known to this machine has an address for the host.",
     "Compare the name in symphony.endpoints with the management host's own (`hostname -f` there). Check it "
     "here "
     "with `getent hosts NAME`; add it to the DNS or to /etc/hosts.",
     "Compare the name in qlik.endpoints with the one that the browser uses for the hub. Check it here with "
     "`getent hosts NAME`; a short Windows name often needs its domain, or a line in /etc/hosts."},
    {Finding::kConnectionRefused, "connection_refused", "The host answers, but nothing listens on this port.",
     "SYMREST takes a port of the range in symrest.json (portRange, 8050 to 8060 by default), not always "
     "8050, and "
     "the service is off in some installations. Ask the administrator for the port (`egosh service list -l`, "
     "the "
     "symrest line) and whether the service is started.",
     "The repository listens on 4242, the proxy on 443 (or 80). Ask whether the service runs (Qlik Sense "
     "Repository "
     "Service, Qlik Sense Proxy Service) and on which node."},
    {Finding::kConnectionTimedOut, "connection_timed_out",
     "Nothing came back: a firewall drops the packets, or the host is down.",
     "Ask for the way from this machine to the management host's SYMREST port to be opened, and check the "
     "address "
     "above.",
     "Port 4242 is closed to the outside in most installations. Ask for the way from this machine to be "
     "opened, or "
     "go through the proxy on 443 with qlik.auth.mode: jwt or header."},
    {Finding::kConnectionFailed, "connection_failed", "The system could not connect.",
     "The text above is the system's own. Check routes and firewalls between this machine and the host.",
     "The text above is the system's own. Check routes and firewalls between this machine and the host."},
    {Finding::kPlainHttpOnTlsPort, "plain_http_on_tls_port",
     "The endpoint says https, but the port answers in plain HTTP.",
     "TLS is off at this SYMREST (transport TCPIPv4 in symrest.json). Write http:// in symphony.endpoints, "
     "or have "
     "TLS switched on (transport TCPIPv4SSL).",
     "Write http:// for a proxy's plain port; the repository on 4242 always speaks TLS, so check the port as "
     "well."},
    {Finding::kTlsOnPlainPort, "tls_on_plain_port", "The endpoint says http, but the port wants TLS.",
     "TLS is on at this SYMREST, which is the default (transport TCPIPv4SSL). Write https:// in "
     "symphony.endpoints "
     "and name its CA in symphony.tls.ca_file.",
     "Write https:// in qlik.endpoints and name the site's root.pem in qlik.tls.ca_file."},
    {Finding::kTlsVersion, "tls_version", "The two sides have no TLS version in common.",
     "The gateway speaks TLS 1.2 and 1.3 (symphony.tls.version_min). Have TLS 1.2 enabled at the web server "
     "of the "
     "cluster.",
     "The gateway speaks TLS 1.2 and 1.3 (qlik.tls.version_min). TLS 1.3 exists from Windows Server 2022 on; "
     "have "
     "TLS 1.2 enabled in Windows."},
    {Finding::kTlsFailed, "tls_failed", "The TLS handshake broke off.",
     "Check that the port is SYMREST's and that no device in between ends TLS.",
     "Check that the port is the repository's or the proxy's, and that no device in between ends TLS."},
    {Finding::kCertificateExpired, "certificate_expired", "The server's certificate is past its end date.",
     "Have the certificate of the cluster's web server renewed. If it is not expired, this machine's clock "
     "is wrong: "
     "see `date`.",
     "Have the site's certificates renewed (Qlik's own last ten years, a proxy's third-party certificate "
     "less). If it "
     "is not expired, this machine's clock is wrong: see `date`."},
    {Finding::kCertificateNotYetValid, "certificate_not_yet_valid",
     "The server's certificate begins in the future.",
     "One of the two clocks is wrong: compare `date` on both machines.",
     "One of the two clocks is wrong: compare the time on both machines."},
    {Finding::kCertificateExpiresSoon, "certificate_expires_soon",
     "The server's certificate ends within 30 days.",
     "Have it renewed in time. The gateway takes a new ca_file without a restart.",
     "Have it renewed in time. The gateway takes a new ca_file without a restart."},
    {Finding::kUnknownAuthority, "unknown_authority",
     "The server's certificate is not signed by an authority that the gateway was told to trust.",
     "Name the cluster's CA in symphony.tls.ca_file. By default it is cacert.pem under "
     "$EGO_TOP/wlp/usr/shared/resources/security on the management host: copy that file here.",
     "Name the site's root.pem in qlik.tls.ca_file: QMC, Certificates, export for this machine; the folder "
     "has "
     "client.pem, client_key.pem and root.pem. A proxy on 443 may have another authority."},
    {Finding::kWrongName, "wrong_name", "The certificate is for another name than the one that was expected.",
     "Write the certificate's name in symphony.endpoints, or in symphony.tls.server_name when the host "
     "cannot be "
     "reached by it.",
     "Qlik's certificates carry the name given at installation, often a short one. Write it in "
     "qlik.tls.server_name."},
    {Finding::kWrongPurpose, "wrong_purpose", "The certificate is not made for a server.",
     "Have a certificate with the extended key usage serverAuth made for the cluster's web server.",
     "Check that the service uses its server certificate; an exported client certificate is not one."},
    {Finding::kWeakCertificate, "weak_certificate",
     "The certificate's key or signature is too weak for this system's rules.",
     "Have one made with RSA 2048 or better and SHA-256.",
     "Have one made with RSA 2048 or better and SHA-256."},
    {Finding::kCertificateRejected, "certificate_rejected", "The server's certificate does not verify.",
     "The text above is the reason. Compare the chain with the file in symphony.tls.ca_file.",
     "The text above is the reason. Compare the chain with the file in qlik.tls.ca_file."},
    {Finding::kClientCertificateMissing, "client_certificate_missing",
     "The server wants a client certificate, and the gateway has none.",
     "Name one in symphony.tls.cert_file and key_file.",
     "The repository on 4242 wants the certificate of QMC's export: qlik.tls.cert_file (client.pem) and "
     "key_file "
     "(client_key.pem), or pfx_file (client.pfx)."},
    {Finding::kClientCertificateRefused, "client_certificate_refused",
     "The server refused the gateway's certificate.",
     "Ask which authority the server trusts for client certificates, and have one made by it.",
     "It must come from this site's own export (QMC, Certificates), made with the secret key included. A "
     "certificate "
     "of another site, or from before the site's certificates were made anew, is refused."},
    {Finding::kClientCertificateExpired, "client_certificate_expired",
     "The gateway's own certificate is past its end.",
     "Have a new one made; the gateway takes the new files without a restart.",
     "Export a new one (QMC, Certificates); the gateway takes the new files without a restart."},
    {Finding::kClientCertificateExpiresSoon, "client_certificate_expires_soon",
     "The gateway's own certificate ends within 30 days.",
     "Have a new one made in time; the gateway takes the new files without a restart.",
     "Export a new one in time (QMC, Certificates); the gateway takes the new files without a restart."},
    {Finding::kLogonRefused, "logon_refused", "User or password (or token) is not accepted.",
     "Try the same user and password in the cluster's management console. Check symphony.auth.user and the "
     "password "
     "file (no second line; a single line end at its end is ignored).",
     "JWT: the virtual proxy's certificate must be that of the token's signer, its attributes and audience "
     "must fit, "
     "and the token must not be expired. Header: the header's name must be the one in the virtual proxy."},
    {Finding::kAccountLocked, "account_locked", "The log-on is forbidden: the account may be locked.",
     "Have the account unlocked, then correct the password file. The gateway itself waits 30 s to 10 min "
     "between "
     "refused log-ons so that it never locks one.",
     "Have the account unlocked or activated in QMC, Users."},
    {Finding::kNoLogonPath, "no_logon_path", "There is no log-on at this path.",
     "The endpoint must be SYMREST's, not the management console's. Another release may have another path: "
     "symphony.auth.login_path and login_method.",
     "Check the virtual proxy's prefix in qlik.endpoints."},
    {Finding::kLogonPage, "logon_page", "A page for people came back instead of the API.",
     "The endpoint is the management console's or a proxy's. Ask for SYMREST's own port.",
     "The virtual proxy does not take this kind of log-on. It needs its own virtual proxy with JWT or header "
     "authentication, and its prefix in qlik.endpoints."},
    {Finding::kNoLogonCookie, "no_logon_cookie",
     "The log-on was accepted, but no session cookie came with it.",
     "SYMREST gives platform.rest.token and platform.rest.certificate. Check that nothing in between removes "
     "cookies.",
     "The cookie's name is set in the virtual proxy (Session cookie header name). Write what it begins with "
     "in "
     "qlik.auth.cookie_name."},
    {Finding::kNoCsrfToken, "no_csrf_token", "The log-on gave no CSRF token; the gateway carries on without.",
     "Creates may be refused for it. If the answer has the token under another name, write it in "
     "symphony.auth.token_key.",
     "Nothing to do."},
    {Finding::kRenewalFailed, "renewal_failed",
     "The log-on cannot be renewed; the gateway will log on anew instead, which works too.",
     "If your release renews at another path, write it in symphony.auth.renew_path.", "Nothing to do."},
    {Finding::kXsrfRefused, "xsrf_refused",
     "The Xrfkey of header and query did not arrive as they were sent.",
     "Nothing in Symphony does this: check what stands between.",
     "The gateway sends both alike. Something in between removes the header X-Qlik-Xrfkey or changes the "
     "query: a "
     "proxy, a firewall with URL rules."},
    {Finding::kMalformedUser, "malformed_user", "The user in X-Qlik-User is unknown or not well formed.",
     "Nothing in Symphony does this: check the endpoint.",
     "qlik.auth.user_directory and user_id must be the two columns of QMC, Users, each on its own (INTERNAL "
     "and sa_api, "
     "not INTERNAL\\sa_api)."},
    {Finding::kUserInactive, "user_inactive", "The user's account is inactive in Qlik.",
     "Nothing in Symphony does this: check the endpoint.",
     "Activate it in QMC, Users, or take another user in qlik.auth.user_id."},
    {Finding::kNoRight, "no_right", "The user is known, but may not do this.",
     "Ask for the right to submit workload to the application (and the consumer) for this user.",
     "Ask for a security rule with Create and Read on ExecutionSession_* (and Read on App_*, ReloadTask_*, "
     "ExecutionResult_*) for this user."},
    {Finding::kTooManySessions, "too_many_sessions", "The user has its five parallel sessions already.",
     "Nothing in Symphony does this: check the endpoint.",
     "Give the gateway a user of its own; sessions end after 30 minutes without use. On port 4242 there is "
     "no such "
     "limit."},
    {Finding::kNoAccessPass, "no_access_pass", "The user has no licence for Qlik Sense, or none is free.",
     "Nothing in Symphony does this: check the endpoint.",
     "Allocate an access pass to the user in QMC, License management. On port 4242 none is needed."},
    {Finding::kNotLoggedOn, "not_logged_on", "The server sends the gateway to a log-on.",
     "Ask for symphony.auth.mode: service_account with a user of its own.",
     "This is the proxy's port: use qlik.auth.mode: jwt or header with the virtual proxy's prefix in "
     "qlik.endpoints, or "
     "port 4242 with a certificate."},
    {Finding::kWrongPath, "wrong_path", "The server knows no such path.",
     "Write the endpoint without /platform/...; the gateway appends it. A prefix is needed only behind a "
     "proxy.",
     "Write the virtual proxy's prefix in qlik.endpoints, and no /qrs: the gateway appends it. Port 4242 has "
     "no "
     "prefix."},
    {Finding::kTooManyRequests, "too_many_requests", "The server asks to be left alone for a while.",
     "Try again later, and look for other clients of the same server.",
     "Try again later, and look for other clients of the same server."},
    {Finding::kServerError, "server_error", "The server failed while it answered.",
     "See SYMREST's log on the management host.",
     "See the repository's log (C:\\ProgramData\\Qlik\\Sense\\Log\\Repository) on the central node."},
    {Finding::kNotThisApi, "not_this_api", "What answers is not this API.",
     "Check host and port: SYMREST is one of several services on the management hosts.",
     "Check host, port and prefix."},
    {Finding::kNoAnswer, "no_answer", "The connection stood, but no whole answer came.",
     "See SYMREST's log; a device in between may cut connections.",
     "See the repository's or the proxy's log; a device in between may cut connections."},
    {Finding::kClockSkew, "clock_skew", "The clocks of the two machines differ by more than a minute.",
     "Let both follow the same time server. Certificates and tokens depend on it.",
     "Let both follow the same time server. Certificates and JWT depend on it."},
};

}  // namespace

std::span<const FindingText> FindingTexts() { return kTexts; }

const FindingText& TextOf(Finding finding) {
  return *std::find_if(std::begin(kTexts), std::end(kTexts),
                       [finding](const FindingText& text) { return text.finding == finding; });
}

std::string_view AdviceOf(Finding finding, Upstream upstream) {
  const FindingText& text = TextOf(finding);
  return upstream == Upstream::kSymphony ? text.symphony : text.qlik;
}

}  // namespace session_gateway
