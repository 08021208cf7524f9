// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A binary Merkle tree with positions
/// @dev A leaf is keccak256(0x00 ‖ data); a node is keccak256(left ‖ right), always 64 bytes. Data of 63 bytes is refused, so no
/// node can pass for a leaf (second preimage). The tree is filled up with zero hashes to a power of two, and a
/// position at or beyond the number of leaves is refused by the caller. Twin: `shared/money/merkle-tree.ts`.
library MerkleTree {
    /// @dev Leaf data of 63 bytes could be read as a node.
    error LeafAmbiguous();

    function leafOf(bytes memory data) internal pure returns (bytes32) {
        if (data.length == 63) revert LeafAmbiguous();
        return keccak256(abi.encodePacked(bytes1(0), data));
    }

    /// @notice The root above `leaf` at position `index`, given its siblings from the bottom up.
    /// @dev The depth is not checked here: bits of `index` beyond the proof must be zero, which `isDepthOf` ensures.
    function rootOf(bytes32 leaf, uint256 index, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32 root)
    {
        assembly ("memory-safe") {
            root := leaf
            // The position's lowest bit, times 32, is the slot of the node; its sibling goes to the other.
            let path := shl(5, index)
            let end := add(siblings.offset, shl(5, siblings.length))
            for { let at := siblings.offset } lt(at, end) { at := add(at, 32) } {
                let slot := and(path, 32)
                mstore(slot, root)
                mstore(xor(slot, 32), calldataload(at))
                root := keccak256(0, 64)
                path := shr(1, path)
            }
        }
    }

    /// @notice True if a tree of `count` leaves has `depth` levels above its leaves.
    function isDepthOf(uint256 depth, uint256 count) internal pure returns (bool) {
        // One shifted by the depth is meant; the lint expects the constant on the right.
        // forge-lint: disable-next-line(incorrect-shift)
        return depth < 32 && count <= 1 << depth && (depth == 0 || count > 1 << (depth - 1));
    }
}
