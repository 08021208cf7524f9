// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Test } from "./support/Test.sol";

/// @notice The compiler, the EVM version and the cheatcodes are what the rest of the tests count on.
contract ToolchainTest is Test {
    function test_bls_precompiles_answer() external view {
        // EIP-2537 G1ADD: infinity plus infinity is infinity.
        (bool ok, bytes memory sum) = address(0x0b).staticcall(new bytes(256));
        vm.assertTrue(ok);
        vm.assertEq(sum, new bytes(128));
    }

    function testFuzz_bound_stays_inside(uint256 value, uint256 a, uint256 b) external pure {
        (uint256 low, uint256 high) = a < b ? (a, b) : (b, a);
        uint256 bounded = bound(value, low, high);
        vm.assertTrue(bounded >= low && bounded <= high);
    }

    function test_signature_recovers() external {
        (address account, uint256 key) = makeAccount("signer");
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256("digest"));
        vm.assertEq(ecrecover(keccak256("digest"), v, r, s), account);
    }
}
