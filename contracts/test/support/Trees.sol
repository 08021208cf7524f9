// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Builds trees inside tests, written from the definition and not from the library under test.
library Trees {
    function leaf(bytes memory data) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"00", data));
    }

    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        bytes32[] memory level = fill(leaves);
        while (level.length > 1) level = up(level);
        return level[0];
    }

    function proof(bytes32[] memory leaves, uint256 index) internal pure returns (bytes32[] memory siblings) {
        bytes32[] memory level = fill(leaves);
        uint256 depth = 0;
        while (1 << depth < level.length) depth++;
        siblings = new bytes32[](depth);
        for (uint256 i = 0; i < depth; i++) {
            siblings[i] = level[index ^ 1];
            level = up(level);
            index >>= 1;
        }
    }

    function fill(bytes32[] memory leaves) private pure returns (bytes32[] memory level) {
        uint256 width = 1;
        while (width < leaves.length) width *= 2;
        level = new bytes32[](width);
        for (uint256 i = 0; i < leaves.length; i++) {
            level[i] = leaves[i];
        }
    }

    function up(bytes32[] memory level) private pure returns (bytes32[] memory parents) {
        parents = new bytes32[](level.length / 2);
        for (uint256 i = 0; i < parents.length; i++) {
            parents[i] = keccak256(abi.encodePacked(level[2 * i], level[2 * i + 1]));
        }
    }
}
