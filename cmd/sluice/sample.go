package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"sluice/cmd/sluice/sample"
)

func newSample(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "sample DIR",
		Short: "Write a sample file of support messages into a folder and print its path",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := sample.Write(args[0])
			if err != nil {
				return err
			}
			if s.json {
				return s.document(map[string]string{"file": path})
			}
			fmt.Fprintln(s.out, path)
			return nil
		},
	}
}
