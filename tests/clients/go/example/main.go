// Creates a Symphony session through the gateway: example ADDRESS APPLICATION
package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	pb "session-gateway.example/clients/sessiongateway/v1"
)

func explain(err error) {
	failed := status.Convert(err)
	fmt.Printf("%s: %s\n", failed.Code(), failed.Message())
	for _, detail := range failed.Details() {
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

func run(address, application string) error {
	channel, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer channel.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // for everything together
	defer cancel()

	response, err := pb.NewSessionGatewayClient(channel).CreateSession(ctx, &pb.CreateSessionRequest{
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

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		explain(err)
		os.Exit(1)
	}
}
