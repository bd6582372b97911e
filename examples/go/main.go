// Creates a Symphony session and a Qlik execution session: create-sessions ADDRESS APPLICATION [CA_FILE]
package main

//go:generate ./generate.sh

import (
	"context"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "session-gateway.example/create-sessions/sessiongateway/v1"
)

const (
	timeout      = 5 * time.Second // of an attempt: queue, connection, REST call and answer
	attempts     = 4
	firstPause   = 200 * time.Millisecond // doubles, where the gateway asks for no other
	longestPause = 30 * time.Second
)

func createSession(gateway pb.SessionGatewayClient, application string) error {
	request := &pb.CreateSessionRequest{
		RequestId:       proto.String(uuid.NewString()), // of this one session, in every attempt
		ApplicationName: proto.String(application),
		Session: &pb.Session{
			SessionName:     proto.String("nightly risk"),
			SessionPriority: proto.Int32(5000),
			CommonData:      []*pb.TypedValue{{Value: &pb.TypedValue_Uint64{Uint64: math.MaxUint64}}},
		},
	}
	response, err := repeat(gateway.CreateSession, request)
	if err != nil {
		return err
	}
	fmt.Printf("session %s at %s%s\n", response.GetSessionId(), response.GetEndpoint(), madeBy(response))
	return nil
}

func createExecutionSession(gateway pb.SessionGatewayClient) error {
	request := &pb.CreateExecutionSessionRequest{
		RequestId: proto.String(uuid.NewString()),
		ExecutionSession: &pb.ExecutionSession{
			ReloadTask: &pb.Task{Name: proto.String("nightly reload")},
			AbortAt:    timestamppb.New(time.Now().Add(time.Hour)),
		},
	}
	response, err := repeat(gateway.CreateExecutionSession, request)
	if err != nil {
		return err
	}
	fmt.Printf("execution session %s%s\n", response.GetExecutionSession().GetId(), madeBy(response))
	return nil
}

func madeBy(response interface{ GetReplayed() bool }) string {
	if response.GetReplayed() {
		return " (made by an earlier attempt)"
	}
	return ""
}

type method[Request, Response any] func(context.Context, Request, ...grpc.CallOption) (Response, error)

// repeat returns the answer of the first attempt that has one. Never two sessions, for all have the same request_id.
func repeat[Request, Response any](call method[Request, Response], request Request) (Response, error) {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		response, err := call(ctx, request)
		cancel()
		wait, isWorthIt := pauseAfter(err, pause)
		if err == nil || !isWorthIt || attempt == attempts {
			return response, err
		}
		time.Sleep(wait)
		pause *= 2
	}
}

// pauseAfter says how long to wait for the next attempt, and whether there is anything to gain by one.
func pauseAfter(err error, pause time.Duration) (time.Duration, bool) {
	failed := status.Convert(err)
	outcome, isAsked := "unknown", false
	for _, detail := range failed.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			outcome = detail.Metadata["outcome"]
		case *errdetails.RetryInfo:
			pause, isAsked = detail.GetRetryDelay().AsDuration(), true
		}
	}
	if outcome == "done" || (outcome == "refused" && !isAsked) || pause > longestPause {
		return 0, false
	}
	switch failed.Code() {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Unknown, codes.Canceled, codes.ResourceExhausted:
		return pause, true
	default:
		return 0, false
	}
}

func explain(err error) {
	failed := status.Convert(err)
	fmt.Printf("%s: %s\n", failed.Code(), failed.Message())
	for _, detail := range failed.Details() { // none: the error was not made by the gateway
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			// outcome says whether the session exists: not_sent, refused, done or unknown
			fmt.Printf("reason %s, outcome %s\n", detail.Reason, detail.Metadata["outcome"])
		case *errdetails.BadRequest:
			for _, violation := range detail.FieldViolations {
				fmt.Printf("field %s: %s\n", violation.Field, violation.Description)
			}
		}
	}
}

func transport(arguments []string) (credentials.TransportCredentials, error) {
	if len(arguments) < 4 {
		return insecure.NewCredentials(), nil
	}
	return credentials.NewClientTLSFromFile(arguments[3], "")
}

func run(arguments []string) error {
	security, err := transport(arguments)
	if err != nil {
		return err
	}
	channel, err := grpc.NewClient(arguments[1], grpc.WithTransportCredentials(security))
	if err != nil {
		return err
	}
	defer channel.Close()

	gateway := pb.NewSessionGatewayClient(channel)
	if err := createSession(gateway, arguments[2]); err != nil {
		return err
	}
	return createExecutionSession(gateway)
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: create-sessions ADDRESS APPLICATION [CA_FILE]")
		os.Exit(2)
	}
	if err := run(os.Args); err != nil {
		explain(err)
		os.Exit(1)
	}
}
