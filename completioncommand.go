package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Print what lets your shell complete commands, flags and names",
		Long: `Print a script for your shell: with it the Tab key completes the commands and
flags of sluice, the Sites, Pools and servers of the configuration, and the IDs
of requests that failed. Packages install it; by hand it is done once.

bash needs the package bash-completion.`,
		Example: `  sluice completion bash > /etc/bash_completion.d/sluice
  sluice completion zsh  > "${fpath[1]}/_sluice"
  sluice completion fish > ~/.config/fish/completions/sluice.fish
  source <(sluice completion bash)        for this shell only`,
		Args:                  cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs:             []string{"bash", "zsh", "fish"},
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			const described = true
			w := c.OutOrStdout()
			switch args[0] {
			case "bash":
				return c.Root().GenBashCompletionV2(w, described)
			case "zsh":
				return c.Root().GenZshCompletion(w)
			case "fish":
				return c.Root().GenFishCompletion(w, described)
			}
			return fmt.Errorf("there is no completion for %q", args[0])
		},
	}
}
