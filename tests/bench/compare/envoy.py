"""Envoy with its reverse transcoder from gRPC to REST, with all off that the comparison does not need."""

import json
import urllib.request

EXTENSION = "type.googleapis.com/envoy.extensions"
MANY = 1_000_000


def config(upstream_port, descriptor):
    """Listens on a free port; logs, statistics and request ids are off, circuit breakers open."""
    return {
        "admin": {"address": address(0)},
        "stats_config": {"stats_matcher": {"reject_all": True}},
        "static_resources": {"listeners": [listener(descriptor)], "clusters": [cluster(upstream_port)]},
    }


def address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def listener(descriptor):
    transcoder = {
        "@type": f"{EXTENSION}.filters.http.grpc_json_reverse_transcoder.v3.GrpcJsonReverseTranscoder",
        "descriptor_path": descriptor,
        "max_request_body_size": 16 << 20,
        "max_response_body_size": 16 << 20,
        "request_json_print_options": {
            "always_print_enums_as_ints": True, "use_canonical_field_names": True,
        },
    }
    router = {"@type": f"{EXTENSION}.filters.http.router.v3.Router", "suppress_envoy_headers": True}
    # The caller's deadline bounds the exchange, as in the other gateways.
    route = {"cluster": "upstream", "timeout": "30s", "max_stream_duration": {"grpc_timeout_header_max": "30s"}}
    manager = {
        "@type": f"{EXTENSION}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "codec_type": "HTTP2",
        "generate_request_id": False,
        "http2_protocol_options": {"max_concurrent_streams": 8192},
        "http_filters": [
            {"name": "envoy.filters.http.grpc_json_reverse_transcoder", "typed_config": transcoder},
            {"name": "envoy.filters.http.router", "typed_config": router},
        ],
        "route_config": {
            "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": route}]}],
        },
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {"name": "bench", "address": address(0), "filter_chains": [{"filters": filters}]}


def cluster(port):
    endpoint = {"endpoint": {"address": address(port)}}
    thresholds = {name: MANY for name in ("max_connections", "max_pending_requests", "max_requests", "max_retries")}
    return {
        "name": "upstream",
        "type": "STATIC",
        "connect_timeout": "10s",
        "load_assignment": {"cluster_name": "upstream", "endpoints": [{"lb_endpoints": [endpoint]}]},
        "circuit_breakers": {"thresholds": [thresholds]},
    }


def listener_port(admin):
    """The port that the listener has taken, or None while there is none."""
    try:
        with urllib.request.urlopen(f"http://{admin}/listeners?format=json", timeout=5) as answer:
            listeners = json.load(answer).get("listener_statuses", [])
    except OSError:
        return None
    return listeners[0]["local_address"]["socket_address"]["port_value"] if listeners else None
