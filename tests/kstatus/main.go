// Command kstatus tells what kstatus makes of objects: one JSON object a line in, one answer a line out.
package main

import (
	"bufio"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

const longestLine = 16 << 20

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		fmt.Println(answer(lines.Bytes()))
	}
}

func answer(line []byte) string {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(line); err != nil {
		return "error: " + err.Error()
	}
	found, err := status.Compute(object)
	if err != nil {
		return "error: " + err.Error()
	}
	return found.Status.String()
}
