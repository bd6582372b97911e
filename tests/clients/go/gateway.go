package main

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "session-gateway.example/create-sessions/sessiongateway/v1"
)

const (
	callTimeout      = 20 * time.Second // only a broken gateway takes that long
	trailersBytesMax = 4096
)

type client struct {
	stub           pb.SessionGatewayClient
	partial        pb.SessionGatewayClient // of a gateway that knows Symphony alone
	shutOut        pb.SessionGatewayClient // of a gateway that comes to neither upstream
	address        string
	shared         string
	symphony, qlik sandbox
	logon          sandbox // the Symphony that refuses the other gateway's password
}

// How a call ended: without an error, or with one and its details.
type answer struct {
	code, message, reason, outcome, pushback string
	metadata                                 map[string]string // of the ErrorInfo
	fields                                   []string          // of the BadRequest
	retryAfter                               int64             // seconds, of the RetryInfo
}

// What every client must have seen alike.
type result struct {
	Scenario string `json:"scenario"`
	Code     string `json:"code"`
	Reason   string `json:"reason"`
	Outcome  string `json:"outcome"`
	Values   values `json:"values"`
}

type values map[string]interface{}

type checkFailed string

func (failed checkFailed) Error() string { return string(failed) }

func check(holds bool, format string, arguments ...interface{}) {
	if !holds {
		panic(checkFailed(fmt.Sprintf(format, arguments...)))
	}
}

func equal(actual, expected interface{}, what string) {
	check(reflect.DeepEqual(actual, expected), "%s: %#v where %#v was expected", what, actual, expected)
}

func (a answer) print(scenario string, seen values) {
	if seen == nil {
		seen = values{}
	}
	printResult(result{Scenario: scenario, Code: a.code, Reason: a.reason, Outcome: a.outcome, Values: seen})
}

// The name that the gRPC specification gives a code: INVALID_ARGUMENT for Go's InvalidArgument.
func codeName(code codes.Code) string {
	if code == codes.OK {
		return "OK"
	}
	var name strings.Builder
	for i, letter := range code.String() {
		if i > 0 && unicode.IsUpper(letter) {
			name.WriteByte('_')
		}
		name.WriteRune(unicode.ToUpper(letter))
	}
	return name.String()
}

func callContext(timeout time.Duration, pairs []string) (context.Context, context.CancelFunc) {
	return context.WithTimeout(metadata.AppendToOutgoingContext(context.Background(), pairs...), timeout)
}

func (c *client) createSession(
	request *pb.CreateSessionRequest, timeout time.Duration, pairs ...string,
) (*pb.CreateSessionResponse, answer) {
	return createSessionAt(c.stub, request, timeout, pairs...)
}

func createSessionAt(
	stub pb.SessionGatewayClient, request *pb.CreateSessionRequest, timeout time.Duration, pairs ...string,
) (*pb.CreateSessionResponse, answer) {
	ctx, cancel := callContext(timeout, pairs)
	defer cancel()
	var trailer metadata.MD
	response, err := stub.CreateSession(ctx, request, grpc.Trailer(&trailer))
	return response, readAnswer(err, trailer)
}

func (c *client) createExecutionSession(
	request *pb.CreateExecutionSessionRequest, timeout time.Duration, pairs ...string,
) (*pb.CreateExecutionSessionResponse, answer) {
	return createExecutionSessionAt(c.stub, request, timeout, pairs...)
}

func createExecutionSessionAt(
	stub pb.SessionGatewayClient, request *pb.CreateExecutionSessionRequest, timeout time.Duration, pairs ...string,
) (*pb.CreateExecutionSessionResponse, answer) {
	ctx, cancel := callContext(timeout, pairs)
	defer cancel()
	var trailer metadata.MD
	response, err := stub.CreateExecutionSession(ctx, request, grpc.Trailer(&trailer))
	return response, readAnswer(err, trailer)
}

func readAnswer(err error, trailer metadata.MD) answer {
	ended := status.Convert(err)
	a := answer{
		code:     codeName(ended.Code()),
		message:  ended.Message(),
		outcome:  strings.Join(trailer.Get("session-gateway-outcome"), ","),
		pushback: strings.Join(trailer.Get("grpc-retry-pushback-ms"), ","),
		metadata: map[string]string{},
		fields:   []string{},
	}
	if len(ended.Details()) == 0 { // no error, or this client's own, such as its timer's
		return a
	}
	for _, detail := range ended.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			equal(detail.Domain, "sessiongateway.v1", "domain")
			a.reason, a.metadata = detail.Reason, detail.Metadata
		case *errdetails.BadRequest:
			for _, violation := range detail.FieldViolations {
				a.fields = append(a.fields, violation.Field)
			}
		case *errdetails.RetryInfo:
			a.retryAfter = detail.RetryDelay.Seconds
		default:
			check(false, "an unexpected detail: %T", detail)
		}
	}
	checkError(a, trailer)
	return a
}

// What holds of every error that the gateway makes.
func checkError(a answer, trailer metadata.MD) {
	equal(a.outcome, a.metadata["outcome"], "the trailer's outcome")
	pushback := ""
	if a.outcome == "unknown" || a.outcome == "done" {
		pushback = "-1"
	}
	equal(a.pushback, pushback, "grpc-retry-pushback-ms")
	if a.code == "UNAVAILABLE" {
		equal(a.outcome, "not_sent", "the outcome of UNAVAILABLE")
	}
	size := 0
	for name, texts := range trailer {
		for _, text := range texts {
			size += len(name) + len(text)
		}
	}
	check(size < trailersBytesMax, "the trailers have %d bytes", size)
}

func (a answer) expectOK() {
	equal([]string{a.code, a.message}, []string{"OK", ""}, "the call's status")
}

func (a answer) expectError(code, reason, outcome, phase string) {
	seen := []string{a.code, a.reason, a.outcome, a.metadata["phase"]}
	equal(seen, []string{code, reason, outcome, phase}, "the error ("+a.message+")")
}
