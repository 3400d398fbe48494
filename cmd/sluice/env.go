package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"sluice/internal/local/machine"
)

func newEnv(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "env",
		Short: "Print shell exports that point any AWS client at the local machine",
		Long: `Print shell exports that point any AWS client at the local machine.

  eval "$(sluice env)"
  aws s3 ls s3://$SLUICE_BUCKET/`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			folder, err := s.folder()
			if err != nil {
				return err
			}
			port := s.port
			if port == 0 {
				port = DefaultPort
			}
			running, found := machine.Find(folder)
			if !found || !running.Doors().Alive(cmd.Context()) {
				running = machine.At(fmt.Sprintf("http://127.0.0.1:%d", port))
				s.say("no machine is running; start one with: sluice dev")
			}
			variables := machine.ClientEnvironment(running)
			if s.json {
				document := map[string]string{}
				for _, v := range variables {
					document[v.Name] = v.Value
				}
				return s.document(document)
			}
			for _, v := range variables {
				fmt.Fprintf(s.out, "export %s=%s\n", v.Name, v.Value)
			}
			return nil
		},
	}
}
