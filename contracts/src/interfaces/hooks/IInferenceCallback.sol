// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What a contract implements to be given results by `IInferenceHub`
interface IInferenceCallback {
    /// @notice Called once, with the gas that the request named. Check that the caller is the hub. A revert loses nothing: the
    /// result stays provable by `IInferenceHub.requestOf(id).resultHash`.
    function onInference(uint256 id, bytes calldata result) external;
}
