// Creates a Symphony session and a Qlik execution session: create-sessions ADDRESS APPLICATION [CA_FILE]
package main

//go:generate ./generate.sh

import (
	"context"
	"fmt"
	"math"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "session-gateway.example/create-sessions/sessiongateway/v1"
)

const timeout = 5 * time.Second // for everything together: queue, connection, REST call and answer

func createSession(gateway pb.SessionGatewayClient, application string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	response, err := gateway.CreateSession(ctx, &pb.CreateSessionRequest{
		ApplicationName: proto.String(application),
		Session: &pb.Session{
			SessionName:     proto.String("nightly risk"),
			SessionPriority: proto.Int32(5000),
			CommonData:      []*pb.TypedValue{{Value: &pb.TypedValue_Uint64{Uint64: math.MaxUint64}}},
		},
	})
	if err != nil {
		return err
	}
	fmt.Printf("session %s at %s\n", response.GetSessionId(), response.GetEndpoint())
	return nil
}

func createExecutionSession(gateway pb.SessionGatewayClient) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	response, err := gateway.CreateExecutionSession(ctx, &pb.CreateExecutionSessionRequest{
		ExecutionSession: &pb.ExecutionSession{
			ReloadTask: &pb.Task{Name: proto.String("nightly reload")},
			AbortAt:    timestamppb.New(time.Now().Add(time.Hour)),
		},
	})
	if err != nil {
		return err
	}
	fmt.Printf("execution session %s\n", response.GetExecutionSession().GetId())
	return nil
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
