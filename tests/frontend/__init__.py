"""The scripts of frontend/src/js, each tried in a real browser under the policy that the product sends."""
