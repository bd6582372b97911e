package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	pb "session-gateway.example/create-sessions/sessiongateway/v1"
)

// What a client of another language must see, call by call. All clients run the same list.

const (
	application  = "symping7.3.2"
	symphonyPath = "/platform/rest/symrest/v1/clientapi/session"
	qlikPath     = "/qrs/executionsession"
)

type scenario struct {
	name string
	run  func(c *client)
}

var scenarios = []scenario{
	{"session_extremes", runSessionExtremes},
	{"session_absent", runSessionAbsent},
	{"session_zero", runSessionZero},
	{"session_additional_json", runSessionAdditional},
	{"session_answer_additional_json", runSessionAnswerAdditional},
	{"execution_session_extremes", runExecutionSessionExtremes},
	{"execution_session_absent", runExecutionSessionAbsent},
	{"execution_session_zero", runExecutionSessionZero},
	{"execution_session_answer_additional_json", runExecutionSessionAnswerAdditional},
	{"invalid_requests", runInvalidRequests},
	{"request_id", runRequestID},
	{"refused_by_sandbox", runRefusedBySandbox},
	{"failures", runFailures},
	{"deadlines", runDeadlines},
	{"not_configured", runNotConfigured},
	{"logon_refused", runLogonRefused},
	{"upstream_tls", runUpstreamTLS},
	{"request_metadata", runRequestMetadata},
	{"large_messages", runLargeMessages},
	{"wire", runWire},
}

// The file's line ends are for its reader, the text has none.
func (c *client) expectedBody(name string) string {
	text, err := os.ReadFile(filepath.Join(c.shared, "expected", name+".json"))
	check(err == nil, "%v", err)
	return strings.ReplaceAll(string(text), "\n", "")
}

func newUUID() string {
	b := make([]byte, 16)
	_, err := rand.Read(b)
	check(err == nil, "%v", err)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Exactly so many requests and new rows: nothing is sent twice, nothing is sent that must not be.
func (s sandbox) sees(requests, creates int, during func()) {
	before := s.counters()
	during()
	after := s.counters()
	equal(after.Requests-before.Requests, requests, "requests at the upstream")
	equal(after.Creates-before.Creates, creates, "creates at the upstream")
}

func setFields(message proto.Message) []string {
	names := []string{}
	message.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		names = append(names, string(field.Name()))
		return true
	})
	sort.Strings(names)
	return names
}

// Checks a `validate_only` answer, in which nothing else may be set; the target is its url without the endpoint.
func (s sandbox) preview(response proto.Message, request *pb.RestRequest) (target string) {
	equal(setFields(response), []string{"rest_request"}, "the fields of the answer")
	equal(request.GetMethod(), "POST", "method")
	check(strings.HasPrefix(request.GetUrl(), s.endpoint), "url: %s", request.GetUrl())
	return strings.TrimPrefix(request.GetUrl(), s.endpoint)
}

func (c *client) checkSessionAnswer(response *pb.CreateSessionResponse, application, cluster string) {
	row := c.symphony.lastRow()
	equal(response.GetSessionId(), fmt.Sprint(row["sessionId"]), "session_id")
	equal(response.GetApplicationName(), application, "application_name")
	equal(response.GetClusterId(), cluster, "cluster_id")
	equal(response.GetEndpoint(), c.symphony.endpoint, "endpoint")
	equal(response.GetReplayed(), false, "replayed")
	equal(len(response.AdditionalJson), 0, "additional_json")
}

// First what would be sent, then the same for real: both must be the expected text.
func (c *client) previewAndCreateSession(scenario string, request *pb.CreateSessionRequest, query, expected string) {
	masked := query
	if request.CsrfToken != nil {
		masked = strings.TrimSuffix(query, request.GetCsrfToken()) + "***"
	}
	preview := proto.Clone(request).(*pb.CreateSessionRequest)
	preview.ValidateOnly = proto.Bool(true)
	var shown *pb.RestRequest
	var target string
	c.symphony.sees(0, 0, func() {
		response, a := c.createSession(preview, callTimeout)
		a.expectOK()
		shown = response.RestRequest
		target = c.symphony.preview(response, shown)
	})
	equal(target, symphonyPath+masked, "target")
	equal(shown.Headers, map[string]string{
		"accept": "application/json", "accept-encoding": "identity", "content-type": "application/json",
	}, "headers")
	equal(shown.GetBody(), expected, "body")

	var response *pb.CreateSessionResponse
	var a answer
	c.symphony.sees(1, 1, func() { response, a = c.createSession(request, callTimeout) })
	a.expectOK()
	sent := c.symphony.lastRequest()
	equal([]string{sent.Target, sent.Body}, []string{symphonyPath + query, expected}, "what was sent")
	c.checkSessionAnswer(response, request.GetApplicationName(), request.GetClusterId())
	a.print(scenario, values{
		"target": target, "headers": shown.Headers, "body": shown.GetBody(),
		"application": response.GetApplicationName(), "cluster": response.GetClusterId(),
	})
}

func runSessionExtremes(c *client) {
	c.previewAndCreateSession("session_extremes", &pb.CreateSessionRequest{
		ApplicationName: proto.String("Über app &+=/?#%"),
		ClusterId:       proto.String(`c~".-_`),
		CsrfToken:       proto.String("TOKEN"),
		Session:         sessionExtremes(),
	}, "?applicationName=%C3%9Cber%20app%20%26%2B%3D%2F%3F%23%25&clusterId=c~%22.-_&csrftoken=TOKEN",
		c.expectedBody("session_extremes"))
}

func runSessionAbsent(c *client) {
	request := &pb.CreateSessionRequest{ApplicationName: proto.String(application)}
	c.previewAndCreateSession("session_absent", request, "?applicationName=symping7.3.2", "{}")
	request.Session = &pb.Session{}
	c.previewAndCreateSession("session_empty", request, "?applicationName=symping7.3.2", "{}")
}

func runSessionZero(c *client) {
	c.previewAndCreateSession("session_zero", &pb.CreateSessionRequest{
		ApplicationName: proto.String("0"),
		ClusterId:       proto.String(""),
		CsrfToken:       proto.String(""),
		Session:         sessionZero(),
	}, "?applicationName=0&clusterId=&csrftoken=", c.expectedBody("session_zero"))
}

func runSessionAdditional(c *client) {
	response, a := c.createSession(&pb.CreateSessionRequest{
		ApplicationName: proto.String(application), Session: sessionAdditional(), ValidateOnly: proto.Bool(true),
	}, callTimeout)
	a.expectOK()
	c.symphony.preview(response, response.RestRequest)
	body := response.RestRequest.GetBody()
	equal(body, c.expectedBody("session_additional"), "body")
	a.print("session_additional_json", values{"body": body})
}

func rawAnswer(status, body string) values {
	head := fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", status, len(body))
	return values{"kind": "raw", "create": true, "body": head + body}
}

func runSessionAnswerAdditional(c *client) {
	c.symphony.addFault(rawAnswer("200 OK",
		`{"x/y~z":{"n":12345678901234567890.10},"sessionId":123456789012345678901234567890,`+
			`"applicationName":7,"clusterId":null,"\u00e4":"\u00fc"}`))
	response, a := c.createSession(&pb.CreateSessionRequest{ApplicationName: proto.String(application)}, callTimeout)
	a.expectOK()
	equal(response.GetSessionId(), "123456789012345678901234567890", "session_id")
	check(response.ApplicationName == nil && response.ClusterId == nil, "presence")
	equal(response.AdditionalJson, map[string]string{
		"/x~1y~0z": `{"n":12345678901234567890.10}`, "/applicationName": "7", "/ä": `"\u00fc"`,
	}, "additional_json")
	a.print("session_answer_additional_json", values{
		"session_id": response.GetSessionId(), "additional": response.AdditionalJson,
	})
}

func (c *client) previewExecutionSession(row *pb.ExecutionSession, privileges *bool, expected string) values {
	var target string
	var shown *pb.RestRequest
	c.qlik.sees(0, 0, func() {
		response, a := c.createExecutionSession(&pb.CreateExecutionSessionRequest{
			ExecutionSession: row, Privileges: privileges, ValidateOnly: proto.Bool(true),
		}, callTimeout)
		a.expectOK()
		shown = response.RestRequest
		target = c.qlik.preview(response, shown)
	})
	query := "?xrfkey=***"
	if privileges != nil && *privileges {
		query += "&privileges=true"
	}
	equal(target, qlikPath+query, "target")
	equal(shown.Headers, map[string]string{
		"accept": "application/json", "accept-encoding": "identity", "content-type": "application/json",
		"x-qlik-user": "UserDirectory=INTERNAL;UserId=sa_api", "x-qlik-xrfkey": "***",
	}, "headers")
	equal(shown.GetBody(), expected, "body")
	return values{"target": target, "headers": shown.Headers}
}

func (c *client) checkRow(got, expected *pb.ExecutionSession) {
	check(proto.Equal(got, expected), "the row: %v where %v was expected", got, expected)
}

func runExecutionSessionExtremes(c *client) {
	id := strings.ToUpper(newUUID())
	row := executionSessionExtremes(id)
	body := c.expectedBody("execution_session_extremes")
	expected := strings.ReplaceAll(body, "%ID%", id)
	seen := c.previewExecutionSession(row, proto.Bool(true), expected)
	var response *pb.CreateExecutionSessionResponse
	var a answer
	c.qlik.sees(1, 1, func() {
		response, a = c.createExecutionSession(
			&pb.CreateExecutionSessionRequest{ExecutionSession: row, Privileges: proto.Bool(true)}, callTimeout)
	})
	a.expectOK()
	equal(c.qlik.lastRequest().Body, expected, "what was sent")
	// The repository answers the row as it was sent: dates in milliseconds, and what is null is unset.
	row.CreatedDate.Nanos = 999000000
	row.ExecutionResult.StopTime.Nanos = 999000000
	row.AdditionalJson = nil
	c.checkRow(response.ExecutionSession, row)
	equal(response.GetReplayed(), false, "replayed")
	seen["body"], seen["status"] = body, int(response.ExecutionSession.ExecutionResult.GetStatus())
	a.print("execution_session_extremes", seen)
}

func runExecutionSessionAbsent(c *client) {
	seen := c.previewExecutionSession(&pb.ExecutionSession{}, nil, "{}")
	response, a := c.createExecutionSession(
		&pb.CreateExecutionSessionRequest{ExecutionSession: &pb.ExecutionSession{}}, callTimeout)
	a.expectOK()
	row := response.ExecutionSession
	equal(c.qlik.lastRequest().Body, "{}", "what was sent")
	equal(row.GetId(), fmt.Sprint(c.qlik.lastRow()["id"]), "id")
	seen["set"] = setFields(row)
	equal(seen["set"], []string{"created_date", "id", "modified_by_user_name", "modified_date", "schema_path"}, "the row")
	a.print("execution_session_absent", seen)
}

func runExecutionSessionZero(c *client) {
	row := executionSessionZero()
	expected := c.expectedBody("execution_session_zero")
	seen := c.previewExecutionSession(row, proto.Bool(false), expected)
	response, a := c.createExecutionSession(
		&pb.CreateExecutionSessionRequest{ExecutionSession: row, Privileges: proto.Bool(false)}, callTimeout)
	a.expectOK()
	equal(c.qlik.lastRequest().Body, expected, "what was sent")
	got := response.ExecutionSession
	check(got.GetId() != "" && got.GetModifiedByUserName() != "" && got.GetSchemaPath() != "", "the server's own: %v", got)
	row.Id, row.ModifiedByUserName, row.SchemaPath = got.Id, got.ModifiedByUserName, got.SchemaPath
	row.CreatedDate, row.ModifiedDate = got.CreatedDate, got.ModifiedDate
	c.checkRow(got, row)
	seen["body"] = expected
	a.print("execution_session_zero", seen)
}

func runExecutionSessionAnswerAdditional(c *client) {
	c.qlik.addFault(rawAnswer("201 Created",
		`{"id":"not checked","retries":2147483648,"createdDate":"1753-01-01T01:00:00+01:00",`+
			`"modifiedDate":"2024-01-01 00:00:00","executionResult":{"status":"7","duration":8.0,"scriptLogSize":-1},`+
			`"abortReason":-7,"new":null}`))
	response, a := c.createExecutionSession(
		&pb.CreateExecutionSessionRequest{ExecutionSession: &pb.ExecutionSession{}}, callTimeout)
	a.expectOK()
	row := response.ExecutionSession
	equal(row.AdditionalJson, map[string]string{
		"/retries": "2147483648", "/modifiedDate": `"2024-01-01 00:00:00"`,
		"/executionResult/status": `"7"`, "/executionResult/duration": "8.0", "/new": "null",
	}, "additional_json")
	set := setFields(row)
	equal(set, []string{"abort_reason", "additional_json", "execution_result", "id"}, "the row")
	check(row.GetId() == "not checked" && row.GetAbortReason() == -7 && row.ExecutionResult.GetScriptLogSize() == -1,
		"values: %v", row)
	a.print("execution_session_answer_additional_json", values{"set": set, "additional": row.AdditionalJson})
}

// A gateway of one upstream serves that one and says that it has no other.
func runNotConfigured(c *client) {
	var a answer
	c.qlik.sees(0, 0, func() {
		_, a = createExecutionSessionAt(c.partial,
			&pb.CreateExecutionSessionRequest{ExecutionSession: &pb.ExecutionSession{}}, callTimeout)
	})
	a.expectError("UNIMPLEMENTED", "UPSTREAM_NOT_CONFIGURED", "not_sent", "validate")
	a.print("not_configured", values{"message": a.message, "metadata": a.metadata})

	var response *pb.CreateSessionResponse
	c.symphony.sees(1, 1, func() {
		response, a = createSessionAt(c.partial,
			&pb.CreateSessionRequest{ApplicationName: proto.String(application)}, callTimeout)
	})
	a.expectOK()
	c.checkSessionAnswer(response, application, "")
	a.print("configured", nil)
}

// What a client or mesh adds to a call is accepted, and the upstream is not told.
func runRequestMetadata(c *client) {
	pairs := []string{"x-request-id", "4711", "x-twice", "a", "x-twice", "b", "x-bytes-bin", "\x00\xff"}
	var response *pb.CreateSessionResponse
	var a answer
	c.symphony.sees(1, 1, func() {
		response, a = c.createSession(
			&pb.CreateSessionRequest{ApplicationName: proto.String(application)}, callTimeout, pairs...)
	})
	a.expectOK()
	c.checkSessionAnswer(response, application, "")
	names := []string{}
	for _, header := range c.symphony.lastRequest().Headers {
		check(!strings.HasPrefix(header.Name, "x-"), "%s is handed on", header.Name)
		names = append(names, header.Name)
	}
	sort.Strings(names)
	a.print("metadata_accepted", values{"headers": names})

	_, a = c.createExecutionSession(&pb.CreateExecutionSessionRequest{}, callTimeout, pairs...)
	a.expectError("INVALID_ARGUMENT", "INVALID_FIELD", "not_sent", "validate")
	a.print("metadata_refused_call", values{"fields": a.fields})
}

func runLargeMessages(c *client) {
	const large = 1 << 20
	response, a := c.createSession(&pb.CreateSessionRequest{
		ApplicationName: proto.String(application),
		Session:         &pb.Session{CommonData: []*pb.TypedValue{bytesValue(bytes.Repeat([]byte{0xa5}, large))}},
	}, callTimeout)
	a.expectOK()
	c.checkSessionAnswer(response, application, "")
	var rows []struct {
		Session struct{ CommonData [][2]string }
	}
	decode(c.symphony.do(http.MethodGet, "rows", nil), &rows)
	pair := rows[len(rows)-1].Session.CommonData[0]
	arrived, err := base64.StdEncoding.DecodeString(pair[1])
	check(err == nil, "%v", err)
	equal(pair[0], "SOAM_BYTES", "the type")
	check(bytes.Equal(arrived, bytes.Repeat([]byte{0xa5}, large)), "the bytes do not arrive whole")
	a.print("large_common_data", values{"size": len(pair[1])})

	response, a = c.createSession(&pb.CreateSessionRequest{
		ApplicationName: proto.String(application),
		Session:         &pb.Session{SessionMetaData: proto.String(strings.Repeat("é", large/2))},
	}, callTimeout)
	a.expectOK()
	c.checkSessionAnswer(response, application, "")
	session, _ := c.symphony.lastRow()["session"].(map[string]interface{})
	stored, _ := session["sessionMetaData"].(string)
	equal(len(stored), large, "bytes at the upstream")
	a.print("large_session", values{"size": len(stored)})

	text := strings.Repeat(`"`, large) // twice as long in JSON
	row, a := c.createExecutionSession(&pb.CreateExecutionSessionRequest{
		ExecutionSession: &pb.ExecutionSession{User: proto.String(text)},
	}, callTimeout)
	a.expectOK()
	check(row.ExecutionSession.GetUser() == text, "the text comes back whole")
	a.print("large_execution_session", values{"size": len(text)})
}
